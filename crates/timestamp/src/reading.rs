//! Reading DER (X.690): what `der` leaves to its callers.

use x509_cert::der::asn1::AnyRef;
use x509_cert::der::{Decode as _, Error, Reader as _, SliceReader, Tag, TagNumber};

pub(crate) type Reading<'a> = SliceReader<'a>;

/// The next element, if it has this tag.
pub(crate) fn optional<'a>(
    reader: &mut Reading<'a>,
    tag: Tag,
) -> Result<Option<AnyRef<'a>>, Error> {
    if reader.is_finished() || Tag::peek(reader)? != tag {
        return Ok(None);
    }
    AnyRef::decode(reader).map(Some)
}

/// The next element, which must have this tag.
pub(crate) fn required<'a>(reader: &mut Reading<'a>, tag: Tag) -> Result<AnyRef<'a>, Error> {
    let element = AnyRef::decode(reader)?;
    element.header().tag().assert_eq(tag)?;
    Ok(element)
}

/// What `read` makes of all of these bytes.
pub(crate) fn whole<'a, T>(
    bytes: &'a [u8],
    read: impl FnOnce(&mut Reading<'a>) -> Result<T, Error>,
) -> Result<T, Error> {
    let mut reader = SliceReader::new(bytes)?;
    let value = read(&mut reader)?;
    reader.finish()?;
    Ok(value)
}

/// The exact bytes of each element of `content`, at most `most` of them.
pub(crate) fn elements(content: &[u8], most: usize) -> Result<Vec<&[u8]>, Error> {
    whole(content, |reader| {
        let mut found = Vec::new();
        while !reader.is_finished() {
            if found.len() == most {
                return Err(x509_cert::der::ErrorKind::Overlength.into());
            }
            found.push(reader.tlv_bytes()?);
        }
        Ok(found)
    })
}

/// A constructed, context-specific tag.
pub(crate) const fn context(number: u32) -> Tag {
    Tag::ContextSpecific { constructed: true, number: TagNumber(number) }
}

/// A primitive, context-specific tag.
pub(crate) const fn primitive(number: u32) -> Tag {
    Tag::ContextSpecific { constructed: false, number: TagNumber(number) }
}
