//! Makes untrusted text harmless in HTML.

use std::fmt;

/// Shows a text so that it is nothing but text, between tags and in quoted attributes alike.
/// Characters that cannot be seen are replaced: [`visible`].
pub struct Text<'a>(pub &'a str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars().map(visible) {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                _ => write!(f, "{c}")?,
            }
        }
        Ok(())
    }
}

/// A character that can be seen: a control character's picture (␊ for a newline).
pub fn visible(c: char) -> char {
    match c {
        '\u{0}'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
        '\u{7f}' => '\u{2421}',
        // Unseen, and able to reorder the text around them: `gpj.exe` for `exe.jpg`.
        '\u{80}'..='\u{9f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_can_end_the_text() {
        let text = Text("<script>alert(\"1\" & '2')</script>.jpg").to_string();

        let expected = "&lt;script&gt;alert(&quot;1&quot; &amp; &#39;2&#39;)&lt;/script&gt;.jpg";
        assert_eq!(text, expected);
    }

    #[test]
    fn what_cannot_be_seen_is_shown() {
        assert_eq!(Text("a\nb\u{7f}").to_string(), "a\u{240a}b\u{2421}");
        assert_eq!(Text("gpj.\u{202e}exe\u{85}").to_string(), "gpj.\u{fffd}exe\u{fffd}");
        assert_eq!(Text("Dürer 波").to_string(), "Dürer 波");
    }
}
