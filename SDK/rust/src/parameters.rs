use crate::json::Value;
use std::ops::RangeInclusive;

/// A rejected parameter.
pub struct Rejection {
    /// A JSON Pointer (RFC 6901) into the configuration, such as "/params/limit".
    pub pointer: String,
    /// What was found there, and what was expected.
    pub message: String,
}

impl Rejection {
    /// Rejects the parameter `name`.
    pub fn of(name: &str, message: impl Into<String>) -> Rejection {
        let escaped = name.replace('~', "~0").replace('/', "~1");
        Rejection { pointer: format!("/params/{escaped}"), message: message.into() }
    }

    fn found(name: &str, value: &Value, expected: &str) -> Rejection {
        let text = value.to_string();
        let found = if text.len() <= 60 { &text } else { value.kind() };
        Rejection::of(name, format!("found {found}; expected {expected}"))
    }
}

/// The parameters of an instance, read by name. A parameter that is null counts as missing.
pub struct Parameters {
    params: Value,
    known: Vec<&'static str>,
}

impl Parameters {
    pub(crate) fn new(configuration: &str) -> Result<Parameters, Rejection> {
        let refused = |message: &str| Rejection { pointer: String::new(), message: message.to_owned() };
        let configuration = Value::parse(configuration).map_err(|fault| refused(fault.message))?;
        let params = configuration.get("params").cloned().unwrap_or(Value::Object(Vec::new()));
        Ok(Parameters { params, known: Vec::new() })
    }

    /// A parameter as written.
    pub fn get(&mut self, name: &'static str) -> Option<&Value> {
        self.known.push(name);
        self.params.get(name).filter(|value| **value != Value::Null)
    }

    pub fn text(&mut self, name: &'static str) -> Result<Option<String>, Rejection> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text.clone())),
            Some(other) => Err(Rejection::found(name, other, "a text")),
        }
    }

    /// A list of strings; `None` if it is missing.
    pub fn texts(&mut self, name: &'static str) -> Result<Option<Vec<String>>, Rejection> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let elements = value.as_list().ok_or_else(|| Rejection::found(name, value, "a list of strings"))?;
        let mut texts = Vec::new();
        for (index, element) in elements.iter().enumerate() {
            match element.as_str() {
                Some(text) => texts.push(text.to_owned()),
                None => {
                    let mut rejection = Rejection::found(name, element, "a text");
                    rejection.pointer += &format!("/{index}");
                    return Err(rejection);
                }
            }
        }
        Ok(Some(texts))
    }

    /// A whole number.
    pub fn integer(
        &mut self, name: &'static str, fallback: i64, range: RangeInclusive<i64>,
    ) -> Result<i64, Rejection> {
        let Some(value) = self.get(name) else { return Ok(fallback) };
        value.as_i64().filter(|number| range.contains(number)).ok_or_else(|| {
            let expected = format!("a whole number from {} to {}", range.start(), range.end());
            Rejection::found(name, value, &expected)
        })
    }

    pub fn boolean(&mut self, name: &'static str, fallback: bool) -> Result<bool, Rejection> {
        match self.get(name) {
            None => Ok(fallback),
            Some(Value::Bool(truth)) => Ok(*truth),
            Some(other) => Err(Rejection::found(name, other, "true or false")),
        }
    }

    pub fn number(
        &mut self, name: &'static str, fallback: f64, range: RangeInclusive<f64>,
    ) -> Result<f64, Rejection> {
        match self.get(name) {
            None => Ok(fallback),
            Some(value) => match value {
                Value::Number(text) => text.parse().ok().filter(|number| range.contains(number)),
                _ => None,
            }
            .ok_or_else(|| {
                let expected = format!("a number from {} to {}", range.start(), range.end());
                Rejection::found(name, value, &expected)
            }),
        }
    }

    /// Rejects parameters that have not been read.
    pub(crate) fn finish(self) -> Result<(), Rejection> {
        let Value::Object(members) = &self.params else {
            return Err(Rejection { pointer: "/params".into(), message: "expected an object".into() });
        };
        match members.iter().find(|(name, _)| !self.known.contains(&name.as_str())) {
            None => Ok(()),
            Some((name, _)) if self.known.is_empty() => {
                Err(Rejection::of(name, "unknown parameter; this scorer has no parameters"))
            }
            Some((name, _)) => {
                Err(Rejection::of(name, format!("unknown parameter; expected {}", self.known.join(", "))))
            }
        }
    }
}
