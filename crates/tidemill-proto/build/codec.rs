//! Walks the compiled descriptors and prints, for each message, what the JSON codec has to know:
//! its field names, and for each field the struct member and the kind of value in it.
//!
//! A new scalar type or a well-known type needs one line in `kind` and one type in `src/kind.rs`.

use std::fmt::Write;

use heck::{ToSnakeCase, ToUpperCamelCase};
use prost_types::field_descriptor_proto::Type;
use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorSet};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

pub(crate) fn generate(set: &FileDescriptorSet) -> Result<String> {
    let mut out = String::new();
    for file in &set.file {
        let package = file.package();
        for message in &file.message_type {
            write_message(&mut out, &format!(".{package}.{}", message.name()), message)?;
        }
        for named in &file.enum_type {
            write_enum(&mut out, &format!(".{package}.{}", named.name()))?;
        }
    }
    Ok(out)
}

struct Field<'a> {
    proto: &'a str,
    json: String,
    member: String,
    kind: String,
}

impl<'a> Field<'a> {
    fn new(message: &DescriptorProto, field: &'a FieldDescriptorProto) -> Result<Self> {
        Ok(Self {
            proto: field.name(),
            json: json_name(field.name()),
            member: member(field.name()),
            kind: kind(message, field)?,
        })
    }
}

fn write_message(out: &mut String, name: &str, message: &DescriptorProto) -> Result<()> {
    // Protobuf writes fields in the order of their numbers, also as JSON.
    let mut sorted: Vec<_> = message.field.iter().collect();
    sorted.sort_by_key(|field| field.number());
    let fields = (sorted.into_iter())
        .map(|field| Field::new(message, field))
        .collect::<Result<Vec<_>>>()?;
    if fields.len() > 64 {
        return Err(format!("{name} has more fields than a Presence can hold").into());
    }
    let path = rust_path(name);
    writeln!(out, "impl JsonMessage for {path} {{")?;
    write_names(out, &fields)?;
    write_find(out, &fields)?;
    write_accessors(out, &fields)?;
    writeln!(out, "}}")?;
    write_encode(out, &path, &fields)?;
    for nested in message.nested_type.iter().filter(|n| !is_map_entry(n)) {
        write_message(out, &format!("{name}.{}", nested.name()), nested)?;
    }
    for named in &message.enum_type {
        write_enum(out, &format!("{name}.{}", named.name()))?;
    }
    Ok(())
}

fn write_names(out: &mut String, fields: &[Field]) -> Result<()> {
    writeln!(out, "const FIELDS: &'static [FieldName] = &[")?;
    for Field { proto, json, .. } in fields {
        writeln!(out, "FieldName {{ proto: {proto:?}, json: {json:?} }},")?;
    }
    writeln!(out, "];")?;
    Ok(())
}

fn write_find(out: &mut String, fields: &[Field]) -> Result<()> {
    writeln!(out, "fn find(name: &str) -> Option<Found> {{ match name {{")?;
    for (index, Field { proto, json, .. }) in fields.iter().enumerate() {
        writeln!(out, "{proto:?} => Some(Found::by_proto_name({index})),")?;
        if json != proto {
            writeln!(out, "{json:?} => Some(Found::by_json_name({index})),")?;
        }
    }
    writeln!(out, "_ => None }} }}")?;
    Ok(())
}

fn write_accessors(out: &mut String, fields: &[Field]) -> Result<()> {
    let methods = [
        (
            "fn read<'de, A: MapAccess<'de>>(&mut self, field: usize, input: &mut A) -> Result<bool, A::Error>",
            "read(&mut self.",
            ", input)",
            "skip(input).map(|()| false)",
        ),
        (
            "fn read_text(&mut self, field: usize, text: &str) -> Result<(), Unreadable>",
            "read_text(&mut self.",
            ", text)",
            "{ let _ = text; Ok(()) }",
        ),
        (
            "fn held(&self, field: usize) -> Held",
            "held(&self.",
            ")",
            "Held::Nothing",
        ),
    ];
    for (signature, call, rest, otherwise) in methods {
        writeln!(out, "{signature} {{ match field {{")?;
        for (index, Field { member, kind, .. }) in fields.iter().enumerate() {
            writeln!(out, "{index} => Slot::<{kind}>::{call}{member}{rest},")?;
        }
        writeln!(out, "_ => {otherwise} }} }}")?;
    }
    Ok(())
}

fn write_encode(out: &mut String, path: &str, fields: &[Field]) -> Result<()> {
    writeln!(out, "impl EncodeJson for {path} {{")?;
    writeln!(out, "fn encode_json(&self, out: &mut JsonWriter) {{")?;
    writeln!(out, "out.begin_object();")?;
    for Field {
        proto,
        member,
        kind,
        ..
    } in fields
    {
        writeln!(
            out,
            "Slot::<{kind}>::write(&self.{member}, {proto:?}, out);"
        )?;
    }
    writeln!(out, "out.end_object(); }} }}")?;
    Ok(())
}

fn write_enum(out: &mut String, name: &str) -> Result<()> {
    let path = rust_path(name);
    writeln!(out, "impl NamedEnum for {path} {{")?;
    writeln!(
        out,
        "fn name(&self) -> &'static str {{ self.as_str_name() }}"
    )?;
    writeln!(
        out,
        "fn from_name(name: &str) -> Option<Self> {{ Self::from_str_name(name) }}"
    )?;
    writeln!(out, "}}")?;
    Ok(())
}

/// The type of `src/kind.rs` that knows how values of this field look in JSON.
fn kind(message: &DescriptorProto, field: &FieldDescriptorProto) -> Result<String> {
    Ok(match field.r#type() {
        Type::String => "Text".into(),
        Type::Int64 => "Int64".into(),
        Type::Int32 => "Int32".into(),
        Type::Double => "Double".into(),
        Type::Bool => "Bool".into(),
        Type::Enum => format!("Enum<{}>", rust_path(field.type_name())),
        Type::Message => match map_entry(message, field) {
            Some(entry) => map_value_kind(entry)?,
            None => format!("Message<{}>", rust_path(field.type_name())),
        },
        other => return Err(format!("no JSON rule for {other:?} in {}", field.name()).into()),
    })
}

fn map_value_kind(entry: &DescriptorProto) -> Result<String> {
    match entry.field.as_slice() {
        [key, value] if key.r#type() == Type::String => kind(entry, value),
        _ => Err(format!("no JSON rule for the keys of {}", entry.name()).into()),
    }
}

fn map_entry<'a>(
    message: &'a DescriptorProto,
    field: &FieldDescriptorProto,
) -> Option<&'a DescriptorProto> {
    let name = field.type_name().rsplit('.').next()?;
    (message.nested_type.iter()).find(|nested| is_map_entry(nested) && nested.name() == name)
}

fn is_map_entry(message: &DescriptorProto) -> bool {
    message.options.as_ref().is_some_and(|o| o.map_entry())
}

/// `.mlflow.CreateRun.Response` is `crate::mlflow::create_run::Response`.
fn rust_path(name: &str) -> String {
    let (modules, last) = name.rsplit_once('.').unwrap_or(("", name));
    let modules: String = (modules.split('.').filter(|part| !part.is_empty()))
        .map(|part| format!("{}::", part.to_snake_case()))
        .collect();
    format!("crate::{modules}{}", last.to_upper_camel_case())
}

/// Protobuf's rule: an underscore goes, and the letter after it becomes a capital.
fn json_name(name: &str) -> String {
    let mut parts = name.split('_');
    let first = parts.next().unwrap_or_default().to_string();
    parts.fold(first, |mut json, part| {
        let mut letters = part.chars();
        json.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        json.push_str(letters.as_str());
        json
    })
}

fn member(name: &str) -> String {
    match name {
        "type" => "r#type".to_string(),
        _ => name.to_snake_case(),
    }
}
