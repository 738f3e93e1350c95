use std::collections::VecDeque;

use super::frame::{Frame, Levels};

/// The last frames, every so many samples.
#[derive(Debug)]
pub(super) struct Ring {
    every: u64,
    most: usize,
    samples: u64,
    frames: VecDeque<Frame>,
    /// The newest sample, kept or not, and the highest levels since the last kept one.
    newest: Frame,
    highest: Levels,
}

impl Ring {
    /// Takes the memory of `most` frames at once.
    pub(super) fn new(every: u64, most: usize, first: Frame) -> Self {
        let mut frames = VecDeque::with_capacity(most);
        frames.push_back(first.clone());
        Self { every, most, samples: 0, frames, highest: first.levels, newest: first }
    }

    /// Frames come in the order of their times.
    pub(super) fn push(&mut self, frame: Frame) {
        if self.samples.is_multiple_of(self.every) {
            self.highest = frame.levels;
        } else {
            self.highest.rise(&frame.levels);
        }
        self.samples += 1;
        if self.samples.is_multiple_of(self.every) {
            if self.frames.len() == self.most {
                self.frames.pop_front();
            }
            self.frames.push_back(Frame { levels: self.highest, ..frame.clone() });
        }
        self.newest = frame;
    }

    /// Oldest first, the newest sample last even when it is not a kept one.
    pub(super) fn frames(&self) -> impl Iterator<Item = Frame> {
        let unkept = !self.samples.is_multiple_of(self.every);
        let newest = unkept.then(|| Frame { levels: self.highest, ..self.newest.clone() });
        self.frames.iter().cloned().chain(newest)
    }

    pub(super) fn newest(&self) -> &Frame {
        &self.newest
    }
}
