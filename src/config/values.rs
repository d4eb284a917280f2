//! How single values are written: counts, sizes, durations, lists by inferrer.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

/// What is given, if anything: an empty text is nothing.
pub fn given(value: Option<&str>) -> Option<&str> {
    value.filter(|text| !text.is_empty())
}

/// Reads a whole number within `range`, or says what to write instead.
pub fn count<T>(range: RangeInclusive<T>) -> impl Fn(&str) -> Result<T, String>
where
    T: FromStr + PartialOrd + Display,
{
    move |text| {
        let number = text.replace('_', "").parse::<T>().ok().filter(|n| range.contains(n));
        number.ok_or_else(|| {
            format!("write a whole number from {} to {}", range.start(), range.end())
        })
    }
}

/// A size in bytes, at least 1 and below 4 GiB, such as 64MiB or 500kB.
///
/// # Errors
/// What to write instead.
pub fn size(text: &str) -> Result<u32, String> {
    let size = text.parse::<bytesize::ByteSize>().ok().and_then(|s| u32::try_from(s.as_u64()).ok());
    size.filter(|size| *size > 0)
        .ok_or_else(|| "write a size above 0 and below 4GiB, for instance 64MiB".to_owned())
}

/// No time that can be chosen is longer: nothing here waits for days, and sums of them stay sums.
const LONGEST: Duration = Duration::from_hours(24);

/// A duration above zero and up to a day, such as 25s or 1m30s.
///
/// # Errors
/// What to write instead.
pub fn duration(text: &str) -> Result<Duration, String> {
    let duration = duration_or_zero(text).ok().filter(|d| !d.is_zero());
    duration.ok_or_else(|| {
        "write a time above zero and up to a day, for instance 25s or 1m30s".to_owned()
    })
}

/// A duration up to a day, such as 15s; 0s is one.
///
/// # Errors
/// What to write instead.
pub fn duration_or_zero(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text).ok().filter(|d| *d <= LONGEST);
    duration.ok_or_else(|| "write a time up to a day, for instance 15s or 0s".to_owned())
}

/// Texts separated by commas; none if nothing is given.
#[must_use]
pub fn list(text: Option<&str>) -> Vec<String> {
    let parts = text.unwrap_or_default().split(',').map(str::trim);
    parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// `name=value` pairs, separated by commas; each name once.
///
/// # Errors
/// What to write instead.
pub fn by_name<T>(
    text: &str,
    value: impl Fn(&str) -> Result<T, String>,
) -> Result<BTreeMap<String, T>, String> {
    let mut pairs = BTreeMap::new();
    for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let (name, text) = pair
            .split_once('=')
            .ok_or_else(|| format!("{pair:?} has no \"=\": write features=2,palette=1"))?;
        let parsed = value(text.trim()).map_err(|remedy| format!("for {name:?}, {remedy}"))?;
        if pairs.insert(name.trim().to_owned(), parsed).is_some() {
            return Err(format!("{name:?} is named twice"));
        }
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_within_their_range_which_is_told_and_may_be_grouped() {
        let to_a_million = count(1..=1_000_000_u32);
        assert_eq!(to_a_million("100_000"), Ok(100_000));
        for wrong in ["0", "-1", "1.5", "many", "", "1000001", "99999999999"] {
            let told = "write a whole number from 1 to 1000000".to_owned();
            assert_eq!(to_a_million(wrong), Err(told), "{wrong}");
        }
    }

    #[test]
    fn sizes_carry_units() {
        for (text, bytes) in [("64MiB", 64 << 20), ("1kB", 1000), ("5", 5)] {
            assert_eq!(size(text), Ok(bytes));
        }
        for wrong in ["0", "4GiB", "64 elephants", ""] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn durations_carry_units_and_are_above_zero() {
        assert_eq!(duration("1m30s"), Ok(Duration::from_secs(90)));
        for wrong in ["0s", "25", "soon", "25h", "99999999999y"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
        assert_eq!(duration("24h"), Ok(LONGEST));
        assert_eq!(duration_or_zero("0s"), Ok(Duration::ZERO));
        assert!(duration_or_zero("-1s").is_err() && duration_or_zero("2d").is_err());
    }

    #[test]
    fn lists_leave_out_what_is_empty() {
        assert_eq!(list(Some("a, b,,")), ["a", "b"]);
        assert!(list(Some(" ,")).is_empty() && list(None).is_empty());
    }

    #[test]
    fn pairs_are_named_once() {
        let pairs = by_name("features=2, palette=1", count(1..=9));
        assert_eq!(pairs, Ok([("features".into(), 2), ("palette".into(), 1)].into()));
        for wrong in ["features", "features=0", "features=1,features=2"] {
            assert!(by_name(wrong, count(1..=9)).is_err(), "{wrong}");
        }
    }
}
