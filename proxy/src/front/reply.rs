//! An answer becomes a response: headers, coding, condition.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, Method, StatusCode, header};
use pingora::http::ResponseHeader;
use pingora::proxy::Session;
use pingora::{Error, ErrorType, Result};
use tokio::time::timeout;

use super::asked::{Asked, REQUEST_ID};
use super::coding::Coding;
use super::etag;
use super::press::{Press, SMALLEST};
use super::terms::Terms;
use crate::engine::Answer;

pub(super) const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");

/// Bytes a second that a client must take on average, once its patience is used up.
const SLOWEST: usize = 8 * 1024;

/// A response ready to be written; `body` is empty where HTTP wants none.
pub(super) struct Reply {
    pub head: ResponseHeader,
    pub body: Bytes,
}

/// Makes replies of answers.
pub(super) struct Dresser {
    pub terms: Terms,
    pub press: Press,
}

impl Dresser {
    pub(super) fn dress(&self, answer: Answer, asked: &Asked) -> Result<Reply> {
        let pressable = answer.body.len() >= SMALLEST;
        let coding = if pressable { asked.coding } else { Coding::Identity };
        let tag = answer.etag.as_deref().map(|etag| etag::tag(etag, coding));
        let unchanged = match (&tag, &asked.if_none_match) {
            (Some(tag), Some(condition)) => etag::names(condition, tag),
            _ => false,
        };
        let status = if unchanged { StatusCode::NOT_MODIFIED } else { answer.status };

        let mut head = ResponseHeader::build(status, Some(12))?;
        if let Some(tag) = tag {
            head.insert_header(header::ETAG, tag)?;
        }
        if let Some(age) = answer.age {
            head.insert_header(header::AGE, age.to_string())?;
        }
        if let Some(seconds) = answer.retry_after {
            head.insert_header(header::RETRY_AFTER, seconds.to_string())?;
        }
        head.insert_header(CACHE_STATUS, answer.cache_status)?;
        self.sign(asked, pressable, &mut head)?;
        if unchanged {
            return Ok(Reply { head, body: Bytes::new() });
        }

        let mut body = answer.body;
        head.insert_header(header::CONTENT_TYPE, "application/json")?;
        if let Some(name) = coding.name() {
            body = self.press.press(&body, answer.etag.as_deref(), coding)?;
            head.insert_header(header::CONTENT_ENCODING, name)?;
        }
        head.insert_header(header::CONTENT_LENGTH, body.len().to_string())?;
        if asked.method == Method::HEAD {
            body = Bytes::new();
        }
        Ok(Reply { head, body })
    }

    /// What every response carries: the request's id, who may read it, what it depends on.
    pub(super) fn sign(&self, asked: &Asked, coded: bool, head: &mut ResponseHeader) -> Result<()> {
        head.insert_header(REQUEST_ID, asked.caller.request_id.as_str())?;
        let terms = self.terms.now();
        terms.cors.allow(asked.origin.as_ref(), head)?;
        if coded {
            head.append_header(header::VARY, "Accept-Encoding")?;
        }
        if terms.cors.varies() {
            head.append_header(header::VARY, "Origin")?;
        }
        Ok(())
    }
}

impl Reply {
    /// Writes the response, giving the client `patience` beyond what the size allows. An error
    /// means that it is gone.
    pub(super) async fn write(self, session: &mut Session, patience: Duration) -> Result<()> {
        let patience = patience + Duration::from_secs((self.body.len() / SLOWEST) as u64);
        let client = session.as_downstream_mut();
        let written = timeout(patience, async {
            client.write_response_header(Box::new(self.head)).await?;
            if !self.body.is_empty() {
                client.write_response_body(self.body, true).await?;
            }
            Ok(())
        });
        written
            .await
            .unwrap_or_else(|_| Error::e_explain(ErrorType::WriteTimedout, "client does not read"))
            .map_err(Error::into_down)
    }
}
