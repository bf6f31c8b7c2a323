//! Which receiver the options name.

use std::path::{Path, PathBuf};

use channel::{Authorities, ClientCertificate};
use clap::{Args, ValueEnum};
use reqwest::Url;
use reqwest::header::HeaderValue;
use siem::{Clock, FileReceiver, HttpBody, HttpReceiver, Lines, Receiver, SyslogReceiver};
use zeroize::Zeroizing;

use crate::cli::Failure;
use crate::cli::files::{malformed, read, read_text};

/// Where events go, and how.
#[derive(Debug, Args)]
pub(super) struct ReceiverOptions {
    /// `file:PATH`, `-` for standard output, `tls://HOST:PORT` of a syslog server, `https://…`, or
    /// `http://` of a collector on this machine
    #[arg(long, value_name = "URL")]
    to: String,
    /// What events look like: docs/formats/siem.md
    #[arg(long)]
    format: EventFormat,
    /// Authorities that vouch for the receiver (PEM); this system's own are often in
    /// /etc/ssl/certs/ca-certificates.crt
    #[arg(long, value_name = "FILE")]
    roots: Option<PathBuf>,
    /// Certificate to show to the receiver, with its chain (PEM)
    #[arg(long, value_name = "FILE", requires = "client_key")]
    client_certificate: Option<PathBuf>,
    /// Its private key (PEM)
    #[arg(long, value_name = "FILE", requires = "client_certificate")]
    client_key: Option<PathBuf>,
    /// File with the value of the header `Authorization`, such as `Bearer …`
    #[arg(long, value_name = "FILE")]
    authorization: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum EventFormat {
    /// Lines with the entries as the log has them
    Json,
    /// RFC 5424, over TLS
    Syslog,
    /// Lines of the Open Cybersecurity Schema Framework
    Ocsf,
    /// OpenTelemetry logs over HTTP
    Otlp,
}

impl ReceiverOptions {
    pub(super) fn open(&self, clock: &Clock) -> Result<Receiver, Failure> {
        let lines = match self.format {
            EventFormat::Json => Some(Lines::Json),
            EventFormat::Ocsf => Some(Lines::Ocsf),
            EventFormat::Syslog | EventFormat::Otlp => None,
        };
        match (self.to.strip_prefix("file:"), lines) {
            (Some(path), Some(lines)) if !path.is_empty() => {
                Ok(Receiver::File(FileReceiver::new(Path::new(path), lines)))
            }
            (None, Some(lines)) if self.to == "-" => {
                Ok(Receiver::File(FileReceiver::standard_output(lines)))
            }
            _ => self.over_network(lines, clock),
        }
    }

    fn over_network(&self, lines: Option<Lines>, clock: &Clock) -> Result<Receiver, Failure> {
        let url: Url = self.to.parse().map_err(|_| self.mismatch())?;
        match (url.scheme(), self.format) {
            ("tls", EventFormat::Syslog) => self.syslog(&url),
            ("https" | "http", EventFormat::Otlp) => self.http(url, HttpBody::Otlp, clock),
            ("https" | "http", _) => {
                let lines = lines.ok_or_else(|| self.mismatch())?;
                self.http(url, HttpBody::Lines(lines), clock)
            }
            _ => Err(self.mismatch()),
        }
    }

    fn syslog(&self, url: &Url) -> Result<Receiver, Failure> {
        let host = url.host_str().ok_or_else(|| self.mismatch())?;
        // As written in an address, and as a certificate names it.
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let port = url.port().unwrap_or(SYSLOG_TLS);
        let system = rustix::system::uname();
        let sender = system.nodename().to_string_lossy();
        Ok(Receiver::Syslog(SyslogReceiver::new(host, port, self.authorities()?, &sender)))
    }

    fn http(&self, url: Url, body: HttpBody, clock: &Clock) -> Result<Receiver, Failure> {
        let unusable = |error| Failure::unusable("siem.client", &error);
        let client = if url.scheme() == "https" {
            self.authorities()?.http_client().map_err(unusable)?
        } else if is_this_machine(&url) {
            channel::plain_http_client().map_err(unusable)?
        } else {
            let detail = format!("`{}` is another machine: use https://", self.to);
            return Err(Failure::unusable_because("siem.plaintext", detail));
        };
        let authorization = self.authorization.as_deref().map(header).transpose()?;
        let clock = Clock::clone(clock);
        Ok(Receiver::Http(HttpReceiver::new(client, url, body, authorization, clock)))
    }

    fn authorities(&self) -> Result<Authorities, Failure> {
        let roots = self.roots.as_ref().ok_or_else(|| {
            Failure::unusable_because("usage", "`--roots` must say who vouches for the receiver")
        })?;
        let client = match (&self.client_certificate, &self.client_key) {
            (Some(chain), Some(key)) => Some((read(chain)?, Zeroizing::new(read(key)?))),
            _ => None,
        };
        let client = client.as_ref().map(|(chain, key)| ClientCertificate { chain, key });
        Authorities::new(&read(roots)?, client)
            .map_err(|error| Failure::unusable("input.malformed", &error))
    }

    fn mismatch(&self) -> Failure {
        let detail = format!(
            "`{}` takes no such format: json and ocsf go to `file:PATH`, `-` or https://, syslog to \
             tls://, otlp to https://",
            self.to
        );
        Failure::unusable_because("siem.receiver", detail)
    }
}

/// The file's text as a header that is never shown.
fn header(path: &Path) -> Result<HeaderValue, Failure> {
    let text = Zeroizing::new(read_text(path)?);
    let mut value = HeaderValue::from_str(text.trim()).map_err(|error| malformed(path, &error))?;
    value.set_sensitive(true);
    Ok(value)
}

fn is_this_machine(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost" | "[::1]") => true,
        Some(host) => host.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback()),
        None => false,
    }
}

/// The port of syslog over TLS (RFC 5425 §4.1).
const SYSLOG_TLS: u16 = 6514;

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Timestamp;
    use std::sync::Arc;

    fn opened(to: &str, format: EventFormat) -> Result<&'static str, String> {
        let options = ReceiverOptions {
            to: to.to_owned(),
            format,
            roots: None,
            client_certificate: None,
            client_key: None,
            authorization: None,
        };
        let clock: Clock = Arc::new(|| Timestamp::EPOCH);
        match options.open(&clock) {
            Ok(Receiver::File(_)) => Ok("file"),
            Ok(Receiver::Syslog(_)) => Ok("syslog"),
            Ok(Receiver::Http(_)) => Ok("http"),
            Err(Failure::Unusable { reason, .. }) => Err(reason),
            Err(Failure::Refused(answer)) => Err(answer.json().to_string()),
        }
    }

    #[test]
    fn each_format_has_its_receivers() {
        use EventFormat::{Json, Ocsf, Otlp, Syslog};
        for (to, format, expected) in [
            ("file:events.jsonl", Json, Ok("file")),
            ("file:events.jsonl", Ocsf, Ok("file")),
            ("-", Json, Ok("file")),
            ("http://127.0.0.1:4318/v1/logs", Otlp, Ok("http")),
            ("http://[::1]:4318/v1/logs", Otlp, Ok("http")),
            ("http://localhost/", Ocsf, Ok("http")),
            // Nothing is sent in the clear to others, and nobody is believed without being named.
            ("http://collector.example.org/v1/logs", Otlp, Err("siem.plaintext")),
            ("http://127.0.0.1.example.org/", Json, Err("siem.plaintext")),
            ("https://collector.example.org/v1/logs", Otlp, Err("usage")),
            ("tls://siem.example.org", Syslog, Err("usage")),
            ("tls://siem.example.org", Json, Err("siem.receiver")),
            ("https://siem.example.org", Syslog, Err("siem.receiver")),
            ("file:events.jsonl", Otlp, Err("siem.receiver")),
            ("file:", Json, Err("siem.receiver")),
            ("-", Syslog, Err("siem.receiver")),
            ("siem.example.org:6514", Syslog, Err("siem.receiver")),
        ] {
            assert_eq!(opened(to, format), expected.map_err(str::to_owned), "{to}");
        }
    }
}
