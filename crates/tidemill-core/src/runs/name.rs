//! Names for runs that were given none: an adjective, a noun and a number.
//!
//! MLflow promises at most 20 characters. No word here has more than seven, so that three
//! digits and two dashes always fit.

use rand::Rng;
use rand::seq::IndexedRandom;

/// A fresh name, such as `merry-otter-412`.
pub fn random() -> String {
    let mut rng = rand::rng();
    let adjective = ADJECTIVES.choose(&mut rng).unwrap_or(&ADJECTIVES[0]);
    let noun = NOUNS.choose(&mut rng).unwrap_or(&NOUNS[0]);
    format!("{adjective}-{noun}-{}", rng.random_range(0..1000))
}

/// How it may be.
#[rustfmt::skip]
const ADJECTIVES: [&str; 145] = [
    "able", "amber", "ample", "apt", "arctic", "agile", "azure", "balmy", "bold", "brave",
    "breezy", "bright", "brisk", "calm", "candid", "casual", "clean", "clear", "clever",
    "coral", "cosmic", "cozy", "crisp", "curious", "daring", "deft", "dapper", "eager", "early",
    "earnest", "easy", "epic", "exact", "fair", "famous", "fancy", "festive", "fine", "firm",
    "fluent", "fond", "frank", "free", "fresh", "funky", "gentle", "giddy", "glad", "golden",
    "good", "grand", "great", "green", "handy", "happy", "hardy", "hearty", "honest", "humble",
    "ideal", "jolly", "jovial", "just", "keen", "kind", "large", "lively", "loyal", "lucid",
    "lucky", "lunar", "mellow", "merry", "mighty", "mild", "modest", "neat", "new", "nifty",
    "nimble", "noble", "olive", "open", "patient", "placid", "plucky", "plush", "polite",
    "prime", "proud", "pure", "quick", "quiet", "rapid", "rare", "ready", "regal", "rich",
    "robust", "rosy", "round", "royal", "rustic", "sage", "sandy", "sharp", "shiny", "silent",
    "silver", "sleek", "smart", "smooth", "snowy", "snug", "solar", "solid", "sound", "spry",
    "stable", "steady", "stellar", "stoic", "strong", "sturdy", "subtle", "sunny", "superb",
    "swift", "tall", "tame", "tender", "thrifty", "tidy", "true", "trusty", "unique", "upbeat",
    "valiant", "vast", "velvet", "vivid", "warm", "wise", "witty", "zesty",
];

/// What it may be.
#[rustfmt::skip]
const NOUNS: [&str; 142] = [
    "acorn", "anchor", "apple", "arch", "aspen", "atlas", "badger", "bamboo", "basin", "bay",
    "beacon", "birch", "bison", "bloom", "brook", "cabin", "canal", "canoe", "canyon", "cedar",
    "clover", "cloud", "comet", "copper", "coral", "cove", "crane", "creek", "crest", "cypress",
    "delta", "dune", "eagle", "ember", "falcon", "fern", "finch", "fjord", "flint", "forest",
    "fox", "garden", "geyser", "glacier", "glade", "grove", "gull", "harbor", "hare", "hawk",
    "heath", "heron", "hill", "hollow", "island", "ivory", "jade", "jay", "juniper", "kelp",
    "kestrel", "lagoon", "lake", "lark", "laurel", "ledge", "lily", "linden", "lotus", "lynx",
    "magpie", "maple", "marsh", "meadow", "mesa", "mill", "mist", "moon", "moss", "moth", "oak",
    "oasis", "ocean", "orchid", "osprey", "otter", "owl", "pearl", "pebble", "pine", "plover",
    "pond", "poplar", "prairie", "quail", "quartz", "rain", "raven", "reed", "reef", "ridge",
    "river", "robin", "rook", "sable", "sage", "salmon", "seal", "sequoia", "shell", "shore",
    "sierra", "sky", "sparrow", "spring", "spruce", "star", "stone", "stork", "stream",
    "summit", "swan", "teal", "thicket", "thrush", "tide", "tiger", "timber", "trail", "trout",
    "tulip", "tundra", "valley", "violet", "walnut", "wave", "willow", "wind", "wolf", "wren",
    "yarrow", "zephyr",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_name_has_20_characters() {
        let longest = |words: &[&str]| words.iter().map(|word| word.len()).max().unwrap();
        assert!(longest(&ADJECTIVES) + longest(&NOUNS) + "--999".len() <= 20);
    }

    #[test]
    fn a_name_is_two_words_and_a_number() {
        let name = random();
        let parts: Vec<&str> = name.split('-').collect();
        assert!(ADJECTIVES.contains(&parts[0]), "{name}");
        assert!(NOUNS.contains(&parts[1]), "{name}");
        assert!(parts[2].parse::<u16>().unwrap() < 1000, "{name}");
    }
}
