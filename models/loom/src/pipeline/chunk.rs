//! Records one behind the other: numbers of one byte each.

use crate::event::finished::Head;
use crate::record::buffer::Buffer;

#[derive(Debug, Default)]
pub(crate) struct Chunk {
    pub(crate) numbers: Vec<u64>,
}

pub(crate) fn record_bytes(_: &Buffer) -> usize {
    1
}

impl Chunk {
    pub(crate) fn len(&self) -> usize {
        self.numbers.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.numbers.len()
    }

    pub(crate) fn append(&mut self, head: &Head, _: &Buffer) {
        self.numbers.push(head.number);
    }

    pub(crate) fn drop_oldest(&mut self) -> Option<usize> {
        if self.numbers.is_empty() {
            return None;
        }
        self.numbers.remove(0);
        Some(1)
    }

    pub(crate) fn held(&self) -> usize {
        self.numbers.capacity()
    }

    pub(crate) fn recycle(&mut self) {
        self.numbers.clear();
    }
}
