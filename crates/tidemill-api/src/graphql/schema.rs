//! From the text of the schema to one that answers.

use std::collections::HashSet;
use std::sync::{Arc, LazyLock};

use async_graphql::Value;
use async_graphql::dynamic::{
    Enum, Field, FieldFuture, FieldValue, InputObject, InputValue, Object, ResolverContext, Scalar,
    Schema, SchemaBuilder, TypeRef,
};
use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, FieldDefinition, InputValueDefinition, Type, TypeDefinition, TypeKind,
    TypeSystemDefinition,
};
use serde_json::Value as Json;

use super::roots::{self, Progress};

const QUERY: &str = "Query";
const MUTATION: &str = "Mutation";
/// Never set by MLflow: its errors are in the list of errors.
const API_ERROR: &str = "ApiError";
/// A run, with two fields that are looked up elsewhere.
const RUN: &str = "MlflowRunExtension";
const LOOKED_UP: [&str; 2] = ["experiment", "modelVersions"];

/// Stands for a message that is not set.
static NOTHING: LazyLock<Json> = LazyLock::new(|| Json::Object(serde_json::Map::new()));

/// The schema that `text` describes. The text is part of the program.
pub(super) fn from_text(text: &str) -> Schema {
    let document = parse_schema(text).expect("the schema is part of the program and tested");
    let types = document.definitions.into_iter().filter_map(|definition| {
        let TypeSystemDefinition::Type(definition) = definition else {
            return None;
        };
        Some(definition.node)
    });
    let types: Vec<TypeDefinition> = types.collect();
    let is_enum = |ty: &&TypeDefinition| matches!(ty.kind, TypeKind::Enum(_));
    let enums = types.iter().filter(is_enum);
    let enums: HashSet<String> = enums.map(|ty| ty.name.node.to_string()).collect();
    let schema = Schema::build(QUERY, Some(MUTATION), None)
        .disable_suggestions()
        .disable_introspection();
    types
        .into_iter()
        .fold(schema, |schema, ty| register(schema, ty, &enums))
        .finish()
        .expect("the schema is part of the program and tested")
}

fn register(
    schema: SchemaBuilder,
    definition: TypeDefinition,
    enums: &HashSet<String>,
) -> SchemaBuilder {
    let name = definition.name.node.as_str();
    match definition.kind {
        TypeKind::Object(object) => schema.register(
            object
                .fields
                .into_iter()
                .fold(Object::new(name), |object, field| {
                    object.field(output(name, field.node, enums))
                }),
        ),
        TypeKind::InputObject(object) => schema.register(
            object
                .fields
                .into_iter()
                .fold(InputObject::new(name), |object, field| {
                    object.field(input(&field.node))
                }),
        ),
        TypeKind::Enum(values) => schema.register(
            values
                .values
                .into_iter()
                .fold(Enum::new(name), |list, item| {
                    list.item(item.node.value.node.as_str())
                }),
        ),
        TypeKind::Scalar => schema.register(Scalar::new(name)),
        TypeKind::Interface(_) | TypeKind::Union(_) => schema,
    }
}

fn input(definition: &InputValueDefinition) -> InputValue {
    InputValue::new(definition.name.node.as_str(), type_ref(&definition.ty.node))
}

/// How a value of a message is shown.
#[derive(Clone, Copy)]
enum Kind {
    Object { is_api_error: bool },
    Text,
    Long,
    Number,
    Bool,
    Enum,
}

impl Kind {
    fn of(type_name: &str, enums: &HashSet<String>) -> Self {
        match type_name {
            "String" => Self::Text,
            "LongString" => Self::Long,
            "Int" | "Float" => Self::Number,
            "Boolean" => Self::Bool,
            name if enums.contains(name) => Self::Enum,
            name => Self::Object {
                is_api_error: name == API_ERROR,
            },
        }
    }
}

fn output(object: &str, definition: FieldDefinition, enums: &HashSet<String>) -> Field {
    let name = definition.name.node.as_str().to_owned();
    let ty = type_ref(&definition.ty.node);
    let field = match object {
        QUERY | MUTATION => Field::new(name.as_str(), ty, {
            let name = name.clone();
            move |context| asked(name.clone(), context, roots::root)
        }),
        RUN if LOOKED_UP.contains(&name.as_str()) => {
            let name = name.clone();
            Field::new(name.clone(), ty, move |context| {
                asked(name.clone(), context, roots::of_run)
            })
        }
        _ => {
            let (key, kind) = (
                snake_case(&name),
                Kind::of(base(&definition.ty.node), enums),
            );
            let is_list = matches!(definition.ty.node.base, BaseType::List(_));
            Field::new(name.as_str(), ty, move |context| {
                FieldFuture::Value(found(context, &key, kind, is_list))
            })
        }
    };
    definition.arguments.iter().fold(field, |field, argument| {
        field.argument(input(&argument.node))
    })
}

/// A field that takes a look at the stores.
fn asked<'a, F>(
    name: String,
    context: ResolverContext<'a>,
    answer: impl FnOnce(String, ResolverContext<'a>) -> F + Send + 'a,
) -> FieldFuture<'a>
where
    F: Future<Output = async_graphql::Result<Json>> + Send + 'a,
{
    FieldFuture::new(async move {
        Ok(match answer(name, context).await? {
            Json::Null => None,
            Json::Array(items) => Some(FieldValue::list(
                items.into_iter().map(FieldValue::owned_any),
            )),
            found => Some(FieldValue::owned_any(found)),
        })
    })
}

/// A field of a message that is already here. What is not set has protobuf's default value.
fn found<'a>(
    context: ResolverContext<'a>,
    key: &str,
    kind: Kind,
    is_list: bool,
) -> Option<FieldValue<'a>> {
    let message = context.parent_value.downcast_ref::<Json>()?;
    let value = message.get(key);
    let items = value.and_then(Json::as_array).map_or(0, Vec::len);
    let progress = context.data::<Arc<Progress>>().ok()?;
    if !progress.may_show(1 + items) {
        return None;
    }
    match (is_list, value) {
        (true, Some(Json::Array(items))) => Some(FieldValue::list(
            items.iter().filter_map(|item| single(kind, Some(item))),
        )),
        (true, _) => Some(FieldValue::list(Vec::<FieldValue>::new())),
        (false, value) => single(kind, value),
    }
}

fn single(kind: Kind, value: Option<&Json>) -> Option<FieldValue<'_>> {
    let plain = match (kind, value) {
        (Kind::Object { is_api_error: true }, None) => return None,
        (Kind::Object { .. }, value) => {
            return Some(FieldValue::borrowed_any(value.unwrap_or(&NOTHING)));
        }
        (Kind::Text, Some(Json::String(text))) => Value::from(text.as_str()),
        (Kind::Text, _) => Value::from(""),
        (Kind::Long, Some(Json::Number(number))) => Value::from(number.to_string()),
        (Kind::Long, _) => Value::from("0"),
        (Kind::Number, Some(Json::Number(number))) => Value::Number(number.clone()),
        // JSON has no number for it.
        (Kind::Number, Some(_)) => return None,
        (Kind::Number, None) => Value::from(0),
        (Kind::Bool, value) => Value::from(value.and_then(Json::as_bool).unwrap_or_default()),
        (Kind::Enum, Some(Json::String(name))) => Value::Enum(async_graphql::Name::new(name)),
        (Kind::Enum, _) => return None,
    };
    Some(FieldValue::value(plain))
}

fn base(ty: &Type) -> &str {
    match &ty.base {
        BaseType::Named(name) => name.as_str(),
        BaseType::List(inner) => base(inner),
    }
}

fn type_ref(ty: &Type) -> TypeRef {
    let inner = match &ty.base {
        BaseType::Named(name) => TypeRef::named(name.as_str()),
        BaseType::List(inner) => TypeRef::List(Box::new(type_ref(inner))),
    };
    match ty.nullable {
        true => inner,
        false => TypeRef::NonNull(Box::new(inner)),
    }
}

/// `runUuid` is `run_uuid` in MLflow's messages.
pub(super) fn snake_case(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}
