//! The content type of an artifact, by its name.
//!
//! MLflow serves text-like files as `text/plain`, so that a browser never runs them, and
//! everything else by the table of Python's `mimetypes` module. The table is Python's own,
//! without the `mime.types` files that some machines add to it.

/// What is served as plain text: extensions, and names that have none.
const TEXT: [&str; 26] = [
    "txt",
    "log",
    "err",
    "cfg",
    "conf",
    "cnf",
    "cf",
    "ini",
    "properties",
    "prop",
    "hocon",
    "toml",
    "yaml",
    "yml",
    "xml",
    "json",
    "js",
    "py",
    "py3",
    "csv",
    "tsv",
    "md",
    "rst",
    "ipynb",
    "MLmodel",
    "MLproject",
];

const BINARY: &str = "application/octet-stream";

/// Compressions, whose extension hides the one that counts.
const ENCODINGS: [&str; 5] = [".gz", ".Z", ".bz2", ".xz", ".br"];

/// Short forms of an archive and its compression.
const SUFFIXES: [(&str, &str); 6] = [
    (".svgz", ".svg"),
    (".tgz", ".tar"),
    (".taz", ".tar"),
    (".tz", ".tar"),
    (".tbz2", ".tar"),
    (".txz", ".tar"),
];

/// The `Content-Type` that MLflow's artifact routes send for a file of this name.
pub fn content_type(file_name: &str) -> &'static str {
    let (stem, extension) = split_extension(file_name);
    let shown = extension.trim_start_matches('.');
    let shown = if shown.is_empty() { file_name } else { shown };
    if TEXT.contains(&shown) {
        return "text/plain";
    }
    guess(stem, extension).unwrap_or(BINARY)
}

/// The type by Python's table alone, which MLflow gives to uploads.
pub(crate) fn guessed_type(file_name: &str) -> &'static str {
    let (stem, extension) = split_extension(file_name);
    guess(stem, extension).unwrap_or(BINARY)
}

fn guess(stem: &str, extension: &str) -> Option<&'static str> {
    let unpacked =
        if let Some((_, archive)) = SUFFIXES.iter().find(|(short, _)| *short == extension) {
            archive
        } else if ENCODINGS.contains(&extension) {
            split_extension(stem).1
        } else {
            extension
        };
    by_extension(unpacked).or_else(|| by_extension(&unpacked.to_lowercase()))
}

fn by_extension(extension: &str) -> Option<&'static str> {
    let found = TYPES
        .binary_search_by(|(known, _)| (*known).cmp(extension))
        .ok()?;
    Some(TYPES[found].1)
}

/// The name and its last extension with the dot; dots at the start of a name begin none.
fn split_extension(name: &str) -> (&str, &str) {
    let bare = name.trim_start_matches('.');
    let hidden = name.len() - bare.len();
    match bare.rfind('.') {
        Some(dot) => name.split_at(hidden + dot),
        None => (name, ""),
    }
}

/// Sorted by extension.
const TYPES: [(&str, &str); 149] = [
    (".3g2", "audio/3gpp2"),
    (".3gp", "audio/3gpp"),
    (".3gpp", "audio/3gpp"),
    (".3gpp2", "audio/3gpp2"),
    (".a", "application/octet-stream"),
    (".aac", "audio/aac"),
    (".adts", "audio/aac"),
    (".ai", "application/postscript"),
    (".aif", "audio/x-aiff"),
    (".aifc", "audio/x-aiff"),
    (".aiff", "audio/x-aiff"),
    (".ass", "audio/aac"),
    (".au", "audio/basic"),
    (".avi", "video/x-msvideo"),
    (".avif", "image/avif"),
    (".bat", "text/plain"),
    (".bcpio", "application/x-bcpio"),
    (".bin", "application/octet-stream"),
    (".bmp", "image/bmp"),
    (".c", "text/plain"),
    (".cdf", "application/x-netcdf"),
    (".cpio", "application/x-cpio"),
    (".csh", "application/x-csh"),
    (".css", "text/css"),
    (".csv", "text/csv"),
    (".dll", "application/octet-stream"),
    (".doc", "application/msword"),
    (".dot", "application/msword"),
    (".dvi", "application/x-dvi"),
    (".eml", "message/rfc822"),
    (".eps", "application/postscript"),
    (".etx", "text/x-setext"),
    (".exe", "application/octet-stream"),
    (".gif", "image/gif"),
    (".gtar", "application/x-gtar"),
    (".h", "text/plain"),
    (".h5", "application/x-hdf5"),
    (".hdf", "application/x-hdf"),
    (".heic", "image/heic"),
    (".heif", "image/heif"),
    (".htm", "text/html"),
    (".html", "text/html"),
    (".ico", "image/vnd.microsoft.icon"),
    (".ief", "image/ief"),
    (".jpe", "image/jpeg"),
    (".jpeg", "image/jpeg"),
    (".jpg", "image/jpeg"),
    (".js", "application/javascript"),
    (".json", "application/json"),
    (".ksh", "text/plain"),
    (".latex", "application/x-latex"),
    (".loas", "audio/aac"),
    (".m1v", "video/mpeg"),
    (".m3u", "application/vnd.apple.mpegurl"),
    (".m3u8", "application/vnd.apple.mpegurl"),
    (".man", "application/x-troff-man"),
    (".me", "application/x-troff-me"),
    (".mht", "message/rfc822"),
    (".mhtml", "message/rfc822"),
    (".mif", "application/x-mif"),
    (".mjs", "application/javascript"),
    (".mov", "video/quicktime"),
    (".movie", "video/x-sgi-movie"),
    (".mp2", "audio/mpeg"),
    (".mp3", "audio/mpeg"),
    (".mp4", "video/mp4"),
    (".mpa", "video/mpeg"),
    (".mpe", "video/mpeg"),
    (".mpeg", "video/mpeg"),
    (".mpg", "video/mpeg"),
    (".ms", "application/x-troff-ms"),
    (".n3", "text/n3"),
    (".nc", "application/x-netcdf"),
    (".nq", "application/n-quads"),
    (".nt", "application/n-triples"),
    (".nws", "message/rfc822"),
    (".o", "application/octet-stream"),
    (".obj", "application/octet-stream"),
    (".oda", "application/oda"),
    (".opus", "audio/opus"),
    (".p12", "application/x-pkcs12"),
    (".p7c", "application/pkcs7-mime"),
    (".pbm", "image/x-portable-bitmap"),
    (".pdf", "application/pdf"),
    (".pfx", "application/x-pkcs12"),
    (".pgm", "image/x-portable-graymap"),
    (".pl", "text/plain"),
    (".png", "image/png"),
    (".pnm", "image/x-portable-anymap"),
    (".pot", "application/vnd.ms-powerpoint"),
    (".ppa", "application/vnd.ms-powerpoint"),
    (".ppm", "image/x-portable-pixmap"),
    (".pps", "application/vnd.ms-powerpoint"),
    (".ppt", "application/vnd.ms-powerpoint"),
    (".ps", "application/postscript"),
    (".pwz", "application/vnd.ms-powerpoint"),
    (".py", "text/x-python"),
    (".pyc", "application/x-python-code"),
    (".pyo", "application/x-python-code"),
    (".qt", "video/quicktime"),
    (".ra", "audio/x-pn-realaudio"),
    (".ram", "application/x-pn-realaudio"),
    (".ras", "image/x-cmu-raster"),
    (".rdf", "application/xml"),
    (".rgb", "image/x-rgb"),
    (".roff", "application/x-troff"),
    (".rtx", "text/richtext"),
    (".sgm", "text/x-sgml"),
    (".sgml", "text/x-sgml"),
    (".sh", "application/x-sh"),
    (".shar", "application/x-shar"),
    (".snd", "audio/basic"),
    (".so", "application/octet-stream"),
    (".src", "application/x-wais-source"),
    (".srt", "text/plain"),
    (".sv4cpio", "application/x-sv4cpio"),
    (".sv4crc", "application/x-sv4crc"),
    (".svg", "image/svg+xml"),
    (".swf", "application/x-shockwave-flash"),
    (".t", "application/x-troff"),
    (".tar", "application/x-tar"),
    (".tcl", "application/x-tcl"),
    (".tex", "application/x-tex"),
    (".texi", "application/x-texinfo"),
    (".texinfo", "application/x-texinfo"),
    (".tif", "image/tiff"),
    (".tiff", "image/tiff"),
    (".tr", "application/x-troff"),
    (".trig", "application/trig"),
    (".tsv", "text/tab-separated-values"),
    (".txt", "text/plain"),
    (".ustar", "application/x-ustar"),
    (".vcf", "text/x-vcard"),
    (".vtt", "text/vtt"),
    (".wasm", "application/wasm"),
    (".wav", "audio/x-wav"),
    (".webm", "video/webm"),
    (".webmanifest", "application/manifest+json"),
    (".wiz", "application/msword"),
    (".wsdl", "application/xml"),
    (".xbm", "image/x-xbitmap"),
    (".xlb", "application/vnd.ms-excel"),
    (".xls", "application/vnd.ms-excel"),
    (".xml", "text/xml"),
    (".xpdl", "application/xml"),
    (".xpm", "image/x-xpixmap"),
    (".xsl", "application/xml"),
    (".xwd", "image/x-xwindowdump"),
    (".zip", "application/zip"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_like_files_are_plain_text() {
        for name in [
            "MLmodel",
            "a.yaml",
            "conda.yaml",
            "x.JSON.json",
            "page.js",
            "n.ipynb",
            "txt",
        ] {
            assert_eq!(content_type(name), "text/plain", "{name}");
        }
    }

    #[test]
    fn other_files_go_by_python_s_table() {
        assert_eq!(content_type("a.html"), "text/html");
        assert_eq!(content_type("a.PNG"), "image/png");
        assert_eq!(content_type("a.svg"), "image/svg+xml");
        assert_eq!(content_type("a.tar.gz"), "application/x-tar");
        assert_eq!(content_type("a.tgz"), "application/x-tar");
        assert_eq!(content_type("a.csv.gz"), "text/csv");
        assert_eq!(content_type("model.pkl"), "application/octet-stream");
        assert_eq!(content_type("data.parquet"), "application/octet-stream");
        assert_eq!(content_type(".log"), "application/octet-stream");
        assert_eq!(content_type("TXT.TXT"), "text/plain");
    }

    #[test]
    fn the_table_is_sorted() {
        assert!(TYPES.is_sorted());
    }
}
