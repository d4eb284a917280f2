//! `/status` for people: one page without scripts that refreshes itself.

use std::fmt::Write;

use serde_json::Value;

use super::status::Status;
use crate::html::Text;

const HEAD: &str = "<!DOCTYPE html>
<html lang=\"en\"><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"5\">
<meta name=\"viewport\" content=\"width=device-width\">
<title>inference-manager</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem;
  color-scheme: light dark }
table { border-collapse: collapse; margin-bottom: 1.5rem }
th, td { text-align: left; padding: .15rem 1.5rem .15rem 0; border-bottom: 1px solid #8886 }
td { font-variant-numeric: tabular-nums; overflow-wrap: anywhere }
</style>
";

/// The page of `status`.
#[must_use]
pub fn render(status: &Status) -> String {
    let mut page = HEAD.to_owned();
    let ready = if status.ready { "ready" } else { "not ready" };
    write(&mut page, format_args!("<h1>inference-manager: {ready}</h1>\n"));
    for reason in &status.unready {
        write(&mut page, format_args!("<p>{}</p>\n", Text(reason)));
    }
    let fields = serde_json::to_value(status).unwrap_or_default();
    let (nested, plain): (Vec<_>, Vec<_>) = fields
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(name, _)| *name != "unready")
        .partition(|(_, value)| value.is_object() || value.is_array());
    table(&mut page, plain.into_iter());
    for (name, value) in nested {
        write(&mut page, format_args!("<h2>{}</h2>\n", Text(name)));
        section(&mut page, value);
    }
    page
}

fn section(page: &mut String, value: &Value) {
    match value {
        Value::Object(fields) => table(page, fields.iter()),
        Value::Array(rows) => rows_of(page, rows),
        _ => {}
    }
}

/// Names and values, one a row.
fn table<'a>(page: &mut String, fields: impl Iterator<Item = (&'a String, &'a Value)>) {
    page.push_str("<table>\n");
    for (name, value) in fields {
        write(page, format_args!("<tr><th scope=\"row\">{}<td>", Text(name)));
        cell(page, value);
    }
    page.push_str("</table>\n");
}

/// Objects of one shape, one a row.
fn rows_of(page: &mut String, rows: &[Value]) {
    page.push_str("<table>\n<tr>");
    for name in rows.first().and_then(Value::as_object).into_iter().flatten().map(|(name, _)| name)
    {
        write(page, format_args!("<th scope=\"col\">{}", Text(name)));
    }
    for row in rows {
        page.push_str("\n<tr>");
        for (_, value) in row.as_object().into_iter().flatten() {
            page.push_str("<td>");
            cell(page, value);
        }
    }
    page.push_str("</table>\n");
}

fn cell(page: &mut String, value: &Value) {
    match value {
        Value::Null => page.push('–'),
        Value::String(text) => write(page, format_args!("{}", Text(text))),
        Value::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
            Some(number) => write(page, format_args!("{number:.4}")),
            None => write(page, format_args!("{number}")),
        },
        Value::Bool(is) => page.push_str(if *is { "yes" } else { "no" }),
        nested @ (Value::Object(_) | Value::Array(_)) => section(page, nested),
    }
}

fn write(page: &mut String, text: std::fmt::Arguments<'_>) {
    page.write_fmt(text).expect("writing to a String cannot fail");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_nothing_but_text() {
        let mut page = String::new();

        section(&mut page, &serde_json::json!({"lastFault": "<script>alert(1)</script>"}));
        section(&mut page, &serde_json::json!([{"a": 1, "b": 0.5}, {"a": 2, "b": null}]));

        assert!(page.contains("&lt;script&gt;") && !page.contains("<script>"), "{page}");
        assert!(page.contains("<td>1<td>0.5000\n<tr><td>2<td>–"), "{page}");
    }
}
