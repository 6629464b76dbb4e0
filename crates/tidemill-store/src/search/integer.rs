//! Comparing an integer column with any number, exactly.
//!
//! Databases turn both sides into doubles, some of them only when it suits an index, and
//! large integers lose their last digits. So a decimal is turned into an integer here.

use tidemill_search::expr::{Number, NumberOp};

/// What is left of a comparison with a number once it is about integers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IntegerTest {
    /// No integer passes.
    Never,
    /// Every integer passes.
    Always,
    /// Those that compare so with this one.
    Compare(NumberOp, i64),
}

/// The integers `x` for which `x op number`.
pub(crate) fn integer_test(op: NumberOp, number: Number) -> IntegerTest {
    match number {
        Number::Int(number) => IntegerTest::Compare(op, number),
        Number::Float(number) => float_test(op, number),
    }
}

/// 2^63, the first double above every `i64`; its negative is the smallest `i64`.
const ABOVE: f64 = 9_223_372_036_854_775_808.0;

fn float_test(op: NumberOp, number: f64) -> IntegerTest {
    use NumberOp::{Eq, Ge, Gt, Le, Lt, Ne};
    let rounded = match op {
        Lt | Ge => number.ceil(),
        Le | Gt => number.floor(),
        Eq | Ne => number,
    };
    let whole = rounded.fract() == 0.0;
    let holds_for = |yes: bool| {
        if yes {
            IntegerTest::Always
        } else {
            IntegerTest::Never
        }
    };
    match op {
        Eq | Ne if !whole || !(-ABOVE..ABOVE).contains(&rounded) => holds_for(op == Ne),
        _ if rounded >= ABOVE => holds_for(matches!(op, Lt | Le)),
        _ if rounded < -ABOVE => holds_for(matches!(op, Gt | Ge)),
        _ => IntegerTest::Compare(op, rounded as i64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use NumberOp::{Eq, Ge, Gt, Le, Lt, Ne};

    fn of(op: NumberOp, number: f64) -> IntegerTest {
        integer_test(op, Number::Float(number))
    }

    #[test]
    fn a_decimal_is_rounded_towards_the_integers_that_pass() {
        assert_eq!(of(Lt, 1.5), IntegerTest::Compare(Lt, 2));
        assert_eq!(of(Le, 1.5), IntegerTest::Compare(Le, 1));
        assert_eq!(of(Gt, -1.5), IntegerTest::Compare(Gt, -2));
        assert_eq!(of(Ge, -1.5), IntegerTest::Compare(Ge, -1));
    }

    #[test]
    fn no_integer_equals_a_fraction() {
        assert_eq!(of(Eq, 1.5), IntegerTest::Never);
        assert_eq!(of(Ne, 1.5), IntegerTest::Always);
        assert_eq!(of(Eq, 2.0), IntegerTest::Compare(Eq, 2));
    }

    #[test]
    fn numbers_beyond_all_integers_decide_alone() {
        assert_eq!(of(Lt, 1e300), IntegerTest::Always);
        assert_eq!(of(Ge, 1e300), IntegerTest::Never);
        assert_eq!(of(Gt, -1e300), IntegerTest::Always);
        assert_eq!(of(Eq, 1e300), IntegerTest::Never);
    }
}
