//! A JSON object written entry by entry, so that a value may be written by other means than serde's: the long
//! vectors of a document are.

use serde::Serialize;

/// An object that is being written. Until it is closed the text is no JSON.
#[must_use = "an object that is not closed is no JSON"]
pub struct JsonObject<'a> {
    text: &'a mut Vec<u8>,
    empty: bool,
}

impl<'a> JsonObject<'a> {
    /// Begins an object at the end of `text`.
    pub fn open(text: &'a mut Vec<u8>) -> Self {
        text.push(b'{');
        Self { text, empty: true }
    }

    /// Writes `key` and answers the text, to which its value is to be appended. No key may come twice.
    ///
    /// # Errors
    /// None in practice: memory is the only thing written to.
    pub fn value_of(&mut self, key: &str) -> serde_json::Result<&mut Vec<u8>> {
        if !std::mem::replace(&mut self.empty, false) {
            self.text.push(b',');
        }
        serde_json::to_writer(&mut *self.text, key)?;
        self.text.push(b':');
        Ok(self.text)
    }

    /// Writes an entry whose value is serde's.
    ///
    /// # Errors
    /// Those of `value`.
    pub fn entry<V: Serialize + ?Sized>(&mut self, key: &str, value: &V) -> serde_json::Result<()> {
        serde_json::to_writer(self.value_of(key)?, value)
    }

    /// Ends the object.
    pub fn close(self) {
        self.text.push(b'}');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_what_serde_json_would_write() -> serde_json::Result<()> {
        let mut text = Vec::new();
        let mut object = JsonObject::open(&mut text);
        object.entry("a\"", &Some(1))?;
        JsonObject::open(object.value_of("empty")?).close();
        object.entry("ü", "\n")?;
        object.close();

        assert_eq!(String::from_utf8_lossy(&text), r#"{"a\"":1,"empty":{},"ü":"\n"}"#);
        Ok(())
    }
}
