use assay_scorer::json::Value;
use std::collections::HashMap;

/// Whether two values are the same: numbers by value (`1` is `1.0` and `1e0`, exactly, however long they are), objects in
/// any order of their members, lists in their order.
pub fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || decimal(a) == decimal(b),
        (Value::List(a), Value::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            // Of several members with one name, the last counts.
            let (a, b) = (members(a), members(b));
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

fn members(object: &[(String, Value)]) -> HashMap<&str, &Value> {
    object.iter().map(|(key, value)| (key.as_str(), value)).collect()
}

/// A JSON number as sign, digits without zeros at either end, and the power of ten of the last of them. Zero has no digits.
fn decimal(number: &str) -> (bool, String, i128) {
    let is_negative = number.starts_with('-');
    let (mantissa, exponent) = match number.find(['e', 'E']) {
        Some(at) => (&number[..at], &number[at + 1..]),
        None => (number, "0"),
    };
    let (whole, fraction) = mantissa.trim_start_matches('-').split_once('.').unwrap_or((mantissa.trim_start_matches('-'), ""));
    let all = format!("{whole}{fraction}");
    let digits = all.trim_start_matches('0').trim_end_matches('0');
    if digits.is_empty() {
        return (false, String::new(), 0);
    }
    // An exponent beyond 128 bits is as good as the largest: no two such numbers that differ are meant to be equal.
    let exponent: i128 = exponent.parse().unwrap_or(if exponent.starts_with('-') { i128::MIN / 2 } else { i128::MAX / 2 });
    let dropped = all.len() - all.trim_end_matches('0').len();
    (is_negative, digits.to_owned(), exponent.clamp(i128::MIN / 2, i128::MAX / 2) - fraction.len() as i128 + dropped as i128)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_same(a: &str, b: &str) -> bool {
        same(&Value::parse(a).unwrap(), &Value::parse(b).unwrap())
    }

    #[test]
    fn values_that_are_the_same() {
        for (a, b) in [
            ("1", "1.0"), ("100", "1e2"), ("-0", "0.0"), ("0.10", "1E-1"), ("12.50e3", "12500"),
            ("123456789012345678901234567890", "1.2345678901234567890123456789e29"),
            (r#"{"a": 1, "b": [2]}"#, r#"{"b": [2.0], "a": 1}"#), (r#"{"a": 2, "a": 1}"#, r#"{"a": 1}"#),
            ("1e99999999999999999999999999999999999999999", "1e99999999999999999999999999999999999999999"),
        ] {
            assert!(is_same(a, b), "{a} {b}");
        }
    }

    #[test]
    fn values_that_are_not() {
        for (a, b) in [
            ("1", "\"1\""), ("1", "-1"), ("1", "true"), ("10", "1"), ("[1, 2]", "[2, 1]"), ("{}", "[]"),
            ("9007199254740993", "9007199254740992"), (r#"{"a": 1}"#, r#"{"a": 1, "b": null}"#), ("null", "0"),
        ] {
            assert!(!is_same(a, b), "{a} {b}");
        }
    }
}
