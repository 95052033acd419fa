//! JSON for scorers: a reader of any text, hostile ones too, and writing texts.

use std::fmt::Write;

/// A JSON value. Members keep their order; if a name occurs several times, `get` returns the last one.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Bool(bool),
    /// A number as written.
    Number(String),
    Text(String),
    List(Vec<Value>),
    Object(Vec<(String, Value)>),
}

/// The place at which a text is not JSON.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// In bytes from the start.
    pub offset: usize,
    pub message: &'static str,
}

/// The maximum nesting depth of lists and objects, so that no text can exhaust the stack.
pub const MAX_DEPTH: usize = 128;

impl Value {
    /// Parses a text that is one value, with optional white space around it (RFC 8259).
    pub fn parse(text: &str) -> Result<Value, Fault> {
        let mut reader = Reader { text, at: 0 };
        let value = reader.value(0)?;
        reader.skip_space();
        if reader.at == text.len() { Ok(value) } else { Err(reader.fault("there is text after the value")) }
    }

    /// Parses the value at an offset, and returns where it ends.
    pub fn parse_prefix(text: &str, offset: usize) -> Result<(Value, usize), Fault> {
        let mut reader = Reader { text, at: offset };
        let value = reader.value(0)?;
        Ok((value, reader.at))
    }

    /// A member of an object.
    pub fn get(&self, key: &str) -> Option<&Value> {
        match self {
            Value::Object(members) => members.iter().rev().find(|member| member.0 == key).map(|member| &member.1),
            _ => None,
        }
    }

    pub fn as_str(&self) -> Option<&str> {
        if let Value::Text(text) = self { Some(text) } else { None }
    }

    /// The nearest double of a number.
    pub fn as_f64(&self) -> Option<f64> {
        if let Value::Number(text) = self { text.parse().ok().filter(|number: &f64| number.is_finite()) } else { None }
    }

    /// A whole number that fits, however it is written: 3, 3.0 or 3e0.
    pub fn as_i64(&self) -> Option<i64> {
        let Value::Number(text) = self else { return None };
        // Beyond 2^53 a double is not exact, so only digits count there.
        text.parse().ok().or_else(|| {
            self.as_f64().filter(|number| number.fract() == 0.0 && number.abs() <= 9e15).map(|number| number as i64)
        })
    }

    pub fn as_bool(&self) -> Option<bool> {
        if let Value::Bool(truth) = self { Some(*truth) } else { None }
    }

    pub fn as_list(&self) -> Option<&[Value]> {
        if let Value::List(elements) = self { Some(elements) } else { None }
    }

    pub fn as_object(&self) -> Option<&[(String, Value)]> {
        if let Value::Object(members) = self { Some(members) } else { None }
    }

    /// Columns of CSV files are text, so an object or list is passed as a string that contains it. Returns that object or list,
    /// and any other value unchanged.
    pub fn unwrapped(self) -> Value {
        let inner = self.as_str().and_then(|text| Value::parse(text).ok());
        match inner {
            Some(inner @ (Value::List(_) | Value::Object(_))) => inner,
            _ => self,
        }
    }

    /// The kind of the value, in words.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::Text(_) => "a text",
            Value::List(_) => "a list",
            Value::Object(_) => "an object",
        }
    }

    /// Appends the value as JSON.
    pub fn write(&self, out: &mut String) {
        match self {
            Value::Null => out.push_str("null"),
            Value::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
            Value::Number(number) => out.push_str(number),
            Value::Text(text) => write_quoted(out, text),
            Value::List(elements) => {
                out.push('[');
                for (index, element) in elements.iter().enumerate() {
                    if index > 0 { out.push_str(", ") }
                    element.write(out);
                }
                out.push(']');
            }
            Value::Object(members) => {
                out.push('{');
                for (index, (key, value)) in members.iter().enumerate() {
                    if index > 0 { out.push_str(", ") }
                    write_quoted(out, key);
                    out.push_str(": ");
                    value.write(out);
                }
                out.push('}');
            }
        }
    }
}

impl std::fmt::Display for Value {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = String::new();
        self.write(&mut text);
        formatter.write_str(&text)
    }
}

/// Appends a text as a JSON string, including the quotes.
pub fn write_quoted(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{C}' => out.push_str("\\f"),
            '\0'..='\u{1F}' => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{:04x}", character as u32);
            }
            _ => out.push(character),
        }
    }
    out.push('"');
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn fault(&self, message: &'static str) -> Fault {
        Fault { offset: self.at, message }
    }

    fn peek(&self) -> u8 {
        // NUL stands in no JSON but inside of nothing, so it can stand for the end.
        *self.text.as_bytes().get(self.at).unwrap_or(&0)
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1
        }
    }

    fn take(&mut self, word: &str) -> bool {
        let is_there = self.text.as_bytes()[self.at..].starts_with(word.as_bytes());
        if is_there { self.at += word.len() }
        is_there
    }

    fn value(&mut self, depth: usize) -> Result<Value, Fault> {
        self.skip_space();
        match self.peek() {
            b'{' | b'[' if depth == MAX_DEPTH => Err(self.fault("lists and objects are nested too deeply")),
            b'{' => self.object(depth),
            b'[' => self.list(depth),
            b'"' => Ok(Value::Text(self.string()?)),
            b'-' | b'0'..=b'9' => self.number(),
            _ if self.take("null") => Ok(Value::Null),
            _ if self.take("true") => Ok(Value::Bool(true)),
            _ if self.take("false") => Ok(Value::Bool(false)),
            _ => Err(self.fault("expected a value")),
        }
    }

    fn list(&mut self, depth: usize) -> Result<Value, Fault> {
        let mut elements = Vec::new();
        self.at += 1;
        self.skip_space();
        if self.take("]") { return Ok(Value::List(elements)) }
        loop {
            elements.push(self.value(depth + 1)?);
            self.skip_space();
            if self.take("]") { return Ok(Value::List(elements)) }
            if !self.take(",") { return Err(self.fault("expected , or ] in a list")) }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, Fault> {
        let mut members = Vec::new();
        self.at += 1;
        self.skip_space();
        if self.take("}") { return Ok(Value::Object(members)) }
        loop {
            self.skip_space();
            if self.peek() != b'"' { return Err(self.fault("expected the name of a member")) }
            let key = self.string()?;
            self.skip_space();
            if !self.take(":") { return Err(self.fault("expected : after the name of a member")) }
            members.push((key, self.value(depth + 1)?));
            self.skip_space();
            if self.take("}") { return Ok(Value::Object(members)) }
            if !self.take(",") { return Err(self.fault("expected , or } in an object")) }
        }
    }

    fn digits(&mut self) -> Result<(), Fault> {
        if !self.peek().is_ascii_digit() { return Err(self.fault("expected a digit")) }
        while self.peek().is_ascii_digit() {
            self.at += 1
        }
        Ok(())
    }

    fn number(&mut self) -> Result<Value, Fault> {
        let start = self.at;
        self.take("-");
        if !self.take("0") { self.digits()? }
        if self.take(".") { self.digits()? }
        if matches!(self.peek(), b'e' | b'E') {
            self.at += 1;
            if !self.take("+") { self.take("-"); }
            self.digits()?
        }
        Ok(Value::Number(self.text[start..self.at].to_owned()))
    }

    fn string(&mut self) -> Result<String, Fault> {
        let mut text = String::new();
        self.at += 1;
        loop {
            let start = self.at;
            while !matches!(self.peek(), b'"' | b'\\' | 0..=0x1F) {
                self.at += 1
            }
            // All three end a run between characters, being ASCII.
            text.push_str(&self.text[start..self.at]);
            match self.peek() {
                b'"' => {
                    self.at += 1;
                    return Ok(text);
                }
                b'\\' => text.push(self.escape()?),
                _ => return Err(self.fault("a string is not closed, or contains a control character")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Fault> {
        self.at += 1;
        let letter = self.peek();
        let character = match letter {
            b'"' | b'\\' | b'/' => letter as char,
            b'b' => '\u{8}',
            b'f' => '\u{C}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                self.at += 1;
                return self.unicode();
            }
            _ => return Err(self.fault("an invalid JSON escape")),
        };
        self.at += 1;
        Ok(character)
    }

    /// A surrogate without its other half becomes U+FFFD.
    fn unicode(&mut self) -> Result<char, Fault> {
        let first = self.hex()?;
        if (0xD800..0xDC00).contains(&first) && self.text.as_bytes()[self.at..].starts_with(b"\\u") {
            let before = self.at;
            self.at += 2;
            let second = self.hex()?;
            if (0xDC00..0xE000).contains(&second) {
                let code = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
                return Ok(char::from_u32(code).unwrap_or('\u{FFFD}'));
            }
            self.at = before;
        }
        Ok(char::from_u32(first).unwrap_or('\u{FFFD}'))
    }

    fn hex(&mut self) -> Result<u32, Fault> {
        let mut code = 0;
        for _ in 0..4 {
            match (self.peek() as char).to_digit(16) {
                Some(digit) => code = code << 4 | digit,
                None => return Err(self.fault("expected four hexadecimal digits")),
            }
            self.at += 1;
        }
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_and_written_back() {
        for text in [
            "null", "true", "-0.5e+10", "\"\"", "\"a\\nb\\\"c\\\\\\u0001\"", "[]", "{}", "[1, [2, {}], \"é\"]",
            "{\"a\": {\"b\": [false]}, \"c\": 1}",
        ] {
            assert_eq!(Value::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Value::parse("\"\\ud83d\\ude00\\ud83d!\\u00e9\\/\"").unwrap(), Value::Text("😀\u{FFFD}!é/".into()));
        assert_eq!(Value::parse("{\"a\": 1, \"a\": 2}").unwrap().get("a"), Some(&Value::Number("2".into())));
    }

    #[test]
    fn broken_texts_are_refused_with_the_place() {
        for (text, offset) in [
            ("", 0), ("tru", 0), ("01", 1), ("1.", 2), ("[1,]", 3), ("{\"a\" 1}", 5), ("\"a", 2), ("\"\\x\"", 2),
            ("\"\\u12\"", 5), ("\"a\nb\"", 2), ("[1] 2", 4), ("{1: 2}", 1), ("-", 1), ("1e", 2), ("\0", 0),
        ] {
            assert_eq!(Value::parse(text).unwrap_err().offset, offset, "{text}");
        }
    }

    #[test]
    fn values_are_taken_as_what_they_are() {
        let number = |text: &str| Value::Number(text.into());
        assert_eq!(number("-2.5e1").as_f64(), Some(-25.0));
        assert_eq!(number("1e999").as_f64(), None);
        assert_eq!([number("3"), number("3.0"), number("3e0")].map(|value| value.as_i64()), [Some(3); 3]);
        assert_eq!(number("9007199254740993").as_i64(), Some(9007199254740993));
        assert_eq!([number("3.5"), number("1e300"), Value::Null].map(|value| value.as_i64()), [None; 3]);
        assert_eq!(Value::Text("3".into()).as_f64(), None);
        let object = Value::parse("{\"a\": [1]}").unwrap();
        assert_eq!(Value::Text(object.to_string()).unwrapped(), object);
        assert_eq!(Value::Text("[1".into()).unwrapped(), Value::Text("[1".into()));
        assert_eq!(Value::Text("18".into()).unwrapped(), Value::Text("18".into()));
    }

    #[test]
    fn depth_is_limited() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(Value::parse(&nested(MAX_DEPTH)).is_ok());
        assert!(Value::parse(&nested(MAX_DEPTH + 1)).is_err());
        assert!(Value::parse(&"[".repeat(10_000_000)).is_err());
    }
}
