//! All that is wrong with a configuration, collected before anybody is told.

use std::fmt;

/// One problem: which option, with which value, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    option: &'static str,
    value: String,
    remedy: String,
}

/// Every problem of a configuration; at least one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Notes what is wrong with `value` of `option` (a flag's name without dashes).
    pub fn note(&mut self, option: &'static str, value: &str, remedy: impl fmt::Display) {
        let value = value.to_owned();
        self.0.push(Problem { option, value, remedy: remedy.to_string() });
    }

    /// Parses the `value` of `option`, or notes the problem and stands in the default, which is
    /// never used because there is a problem.
    pub fn parse<T: Default, E: fmt::Display>(
        &mut self,
        option: &'static str,
        value: &str,
        parser: impl FnOnce(&str) -> Result<T, E>,
    ) -> T {
        parser(value).unwrap_or_else(|remedy| {
            self.note(option, value, remedy);
            T::default()
        })
    }

    /// `Ok` if there is no problem.
    ///
    /// # Errors
    /// All of them.
    pub fn none_or<T>(self, value: T) -> Result<T, Self> {
        if self.0.is_empty() { Ok(value) } else { Err(self) }
    }
}

/// The variable of the environment that stands for `option`.
#[must_use]
pub fn variable(option: &str) -> String {
    match option {
        // OpenTelemetry's own has been set wherever there is a collector.
        "otlp-endpoint" => "OTEL_EXPORTER_OTLP_ENDPOINT".to_owned(),
        _ => option.to_uppercase().replace('-', "_"),
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let many = if self.0.len() == 1 { "is a problem" } else { "are problems" };
        write!(f, "there {many} with the configuration:")?;
        for Problem { option, value, remedy } in &self.0 {
            write!(f, "\n  --{option} (or {})", variable(option))?;
            if !value.is_empty() {
                write!(f, " is {value:?}")?;
            }
            write!(f, ": {remedy}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
