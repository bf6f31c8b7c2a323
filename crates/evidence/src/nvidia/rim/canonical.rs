//! Canonical XML 1.1, inclusive and without comments (W3C xml-c14n11 §2), of the XML that
//! [`xml`](super::xml) lets through. Nothing there needs escaping, normalising or inheriting of
//! `xml:` attributes, so that what is left is: declarations by prefix, then attributes by namespace
//! and local name, no empty-element tags, everything else as it stands.

use super::xml::{Element, Node};

/// The whole document without one element inside its root: an enveloped signature (XMLDSIG §6.6.4).
pub(super) fn without(root: &Element<'_>, removed: &Element<'_>) -> String {
    let mut output = String::new();
    write(&mut output, root, root.declarations.clone(), Some(removed));
    output
}

/// The element `inner` as a document of its own: it carries the declarations of its ancestors, which
/// are given outermost first.
pub(super) fn alone(ancestors: &[&Element<'_>], inner: &Element<'_>) -> String {
    let mut output = String::new();
    let declarations = ancestors.iter().chain([&inner]).flat_map(|one| one.declarations.clone());
    write(&mut output, inner, declarations.collect(), None);
    output
}

fn write(
    output: &mut String,
    element: &Element<'_>,
    mut declarations: Vec<(&str, &str)>,
    removed: Option<&Element<'_>>,
) {
    let name = qualified(element.name.prefix, element.name.local);
    output.push('<');
    output.push_str(&name);
    declarations.sort_unstable();
    for (prefix, namespace) in declarations {
        let prefix = if prefix.is_empty() { "xmlns".to_owned() } else { format!("xmlns:{prefix}") };
        output.push_str(&format!(" {prefix}=\"{namespace}\""));
    }
    let mut attributes = element.attributes.clone();
    attributes.sort_unstable_by_key(|one| (one.name.namespace, one.name.local));
    for attribute in attributes {
        let name = qualified(attribute.name.prefix, attribute.name.local);
        output.push_str(&format!(" {name}=\"{}\"", attribute.value));
    }
    output.push('>');
    for node in &element.children {
        match node {
            Node::Element(child) if removed.is_some_and(|removed| std::ptr::eq(removed, child)) => {
            }
            Node::Element(child) => write(output, child, child.declarations.clone(), None),
            Node::Text(text) => output.push_str(text),
        }
    }
    output.push_str(&format!("</{name}>"));
}

fn qualified(prefix: &str, local: &str) -> String {
    if prefix.is_empty() { local.to_owned() } else { format!("{prefix}:{local}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against what libxml2 answers (`xmllint --c14n11`), except for the removed element.
    #[test]
    fn order_and_empty_elements_are_canonical() {
        let source = br#"<?xml version="1.0"?>
<b xmlns:z="u" b="1" a="2" xmlns="v" z:a="3" xmlns:y="w" y:z="4" >
  <c   d="5"/><z:s><i/></z:s> text
</b>"#;
        let root = Element::parse(source).unwrap();
        let removed = root.children.iter().find_map(|node| match node {
            Node::Element(element) if element.is("u", "s") => Some(element),
            _ => None,
        });
        let removed = removed.unwrap();
        assert_eq!(
            without(&root, removed),
            "<b xmlns=\"v\" xmlns:y=\"w\" xmlns:z=\"u\" a=\"2\" b=\"1\" z:a=\"3\" y:z=\"4\">\n  \
             <c d=\"5\"></c> text\n</b>"
        );
        let inner = removed.elements().unwrap()[0];
        assert_eq!(
            alone(&[&root, removed], inner),
            "<i xmlns=\"v\" xmlns:y=\"w\" xmlns:z=\"u\"></i>"
        );
    }
}
