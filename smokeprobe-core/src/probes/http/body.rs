//! Reading a body: no more of it than a monitor should, and looking for a text as it comes.

use http_body_util::BodyExt;
use hyper::body::Incoming;

/// The most of a body that is read. Whoever points a probe at a disk image wants to know that it is there.
pub(super) const LIMIT: u64 = 16 << 20;

/// What became of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BodyRead {
    /// The text occurs in it; true where none was looked for.
    pub(super) found: bool,
    /// It went on beyond the limit.
    pub(super) cut: bool,
}

/// Reads `body` up to its end or the limit, whichever comes first.
pub(super) async fn read(mut body: Incoming, expect: Option<&str>) -> Result<BodyRead, hyper::Error> {
    let mut search = expect.map(|text| Search::new(text.as_bytes()));
    let mut length = 0_u64;
    while let Some(frame) = body.frame().await {
        let frame = frame?;
        let Some(data) = frame.data_ref() else { continue };
        let room = usize::try_from(LIMIT - length).unwrap_or(usize::MAX);
        let data = &data[..data.len().min(room)];
        length += data.len() as u64;
        if let Some(search) = &mut search {
            search.feed(data);
        }
        if length == LIMIT {
            return Ok(BodyRead { found: is_found(search.as_ref()), cut: true });
        }
    }
    Ok(BodyRead { found: is_found(search.as_ref()), cut: false })
}

fn is_found(search: Option<&Search<'_>>) -> bool {
    search.is_none_or(|search| search.found)
}

/// Looks for a text in pieces of any size, in one pass and without keeping them (Knuth, Morris, Pratt 1977).
#[derive(Debug)]
struct Search<'a> {
    text: &'a [u8],
    /// For each length of a match so far: the longest shorter match that it ends with.
    fallback: Vec<usize>,
    matched: usize,
    found: bool,
}

impl<'a> Search<'a> {
    fn new(text: &'a [u8]) -> Self {
        let mut fallback = vec![0; text.len()];
        let mut matched = 0;
        for place in 1..text.len() {
            while matched > 0 && text[matched] != text[place] {
                matched = fallback[matched - 1];
            }
            matched += usize::from(text[matched] == text[place]);
            fallback[place] = matched;
        }
        Self { text, fallback, matched: 0, found: text.is_empty() }
    }

    fn feed(&mut self, data: &[u8]) {
        for &byte in data {
            if self.found {
                return;
            }
            while self.matched > 0 && self.text[self.matched] != byte {
                self.matched = self.fallback[self.matched - 1];
            }
            self.matched += usize::from(self.text[self.matched] == byte);
            self.found = self.matched == self.text.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Few letters, so that half matches are common.
        #[test]
        fn finds_a_text_exactly_where_it_is_however_the_body_is_cut(
            body in "[ab]{0,60}",
            text in "[ab]{0,6}",
            piece in 1_usize..9,
        ) {
            let mut search = Search::new(text.as_bytes());
            for data in body.as_bytes().chunks(piece) {
                search.feed(data);
            }
            prop_assert_eq!(search.found, body.contains(&text));
        }
    }
}
