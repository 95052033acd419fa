use assay_scorer::json::{Value, MAX_DEPTH};

/// A call of a tool.
#[derive(Debug)]
pub struct ToolCall {
    pub name: String,
    /// Each name once.
    pub arguments: Vec<(String, Value)>,
}

impl ToolCall {
    /// Reads the call that a cell holds: `{"name": …, "arguments": {…}}`, or one in "function" as OpenAI's API has it. The
    /// cell is such an object, or a text; of a text the first such object counts, whatever stands around it. Arguments may
    /// be an object or the JSON text of one, and may be left out; "parameters" and "input" are other names for them.
    ///
    /// - Returns: the call, or why there is none.
    pub fn read(cell: &str) -> Result<ToolCall, String> {
        match Value::parse(cell) {
            Ok(Value::Text(text)) => ToolCall::find(&text),
            Ok(value) => ToolCall::from(&value).ok_or_else(|| format!("{} that is no tool call", value.kind())),
            Err(fault) => Err(format!("{} (byte {})", fault.message, fault.offset)),
        }
    }

    pub fn argument(&self, name: &str) -> Option<&Value> {
        self.arguments.iter().find(|argument| argument.0 == name).map(|argument| &argument.1)
    }

    fn find(text: &str) -> Result<ToolCall, String> {
        let mut at = 0;
        // Each brace that opens nothing may cost the length of what follows it, so there must not be too many.
        let mut fruitless = 0;
        while let Some(brace) = text[at..].find('{') {
            match Value::parse_prefix(text, at + brace) {
                Ok((value, end)) => match ToolCall::from(&value) {
                    Some(call) => return Ok(call),
                    None => at = end,
                },
                Err(_) if fruitless == MAX_DEPTH => break,
                Err(_) => {
                    fruitless += 1;
                    at += brace + 1;
                }
            }
        }
        Err("no tool call".to_owned())
    }

    fn from(value: &Value) -> Option<ToolCall> {
        let value = value.get("function").unwrap_or(value);
        let name = value.get("name")?.as_str()?.to_owned();
        let given = ["arguments", "parameters", "input"].iter().find_map(|key| value.get(key));
        let members = match given {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Object(members)) => members.clone(),
            Some(Value::Text(json)) => match Value::parse(json) {
                Ok(Value::Object(members)) => members,
                _ => return None,
            },
            Some(_) => return None,
        };
        // Of several with one name, the last counts.
        let mut arguments: Vec<(String, Value)> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for member in members.into_iter().rev() {
            if seen.insert(member.0.clone()) {
                arguments.push(member);
            }
        }
        arguments.reverse();
        Some(ToolCall { name, arguments })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_found_in_all_forms() {
        for cell in [
            r#"{"name": "f", "arguments": {"a": 1}}"#,
            r#"{"type": "function", "function": {"name": "f", "arguments": "{\"a\": 1}"}}"#,
            r#""I call it: {x} ```json\n{\"name\": \"f\", \"parameters\": {\"a\": 1}}\n``` done""#,
            r#"{"name": "f", "input": {"a": 2, "a": 1}}"#,
        ] {
            let call = ToolCall::read(cell).unwrap();
            assert_eq!((call.name.as_str(), call.arguments.len()), ("f", 1), "{cell}");
            assert_eq!(call.argument("a"), Some(&Value::Number("1".into())), "{cell}");
        }
    }

    #[test]
    fn what_is_no_call_is_said() {
        assert_eq!(ToolCall::read("12").unwrap_err(), "a number that is no tool call");
        assert_eq!(ToolCall::read("\"no\"").unwrap_err(), "no tool call");
        assert_eq!(ToolCall::read(r#"{"name": "f", "arguments": 3}"#).unwrap_err(), "an object that is no tool call");
        assert!(ToolCall::read(&format!("\"{}\"", "{".repeat(1_000_000))).is_err());
        assert!(ToolCall::read(&"[".repeat(1_000_000)).is_err());
    }
}
