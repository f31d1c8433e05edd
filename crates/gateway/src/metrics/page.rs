//! The page in the text format of Prometheus.

use std::fmt::{Display, Write as _};

use super::{BOUNDS, Door, Metrics, Refusal};
use crate::audit::{Audit, Verdict};

const VERDICTS: [Verdict; 4] = [Verdict::Allow, Verdict::Warn, Verdict::Deny, Verdict::Hide];

impl Metrics {
    /// The page.
    pub(crate) fn page(&self, audit: &Audit) -> String {
        let mut page = Page::default();
        page.of_doors(
            self,
            "connections_total",
            "counter",
            "Connections that came in.",
            |door| door.accepted.get().to_string(),
        );
        page.of_doors(
            self,
            "resumed_total",
            "counter",
            "Connections that came in by resuming an earlier session.",
            |door| door.resumed.get().to_string(),
        );
        page.of_doors(
            self,
            "connections_open",
            "gauge",
            "Connections that are open.",
            |door| door.open.get().to_string(),
        );
        page.of_doors(
            self,
            "streams_open",
            "gauge",
            "Hijacked streams, tunnels and connections of plain ports that are open.",
            |door| door.streams.get().to_string(),
        );
        page.of_doors(
            self,
            "received_bytes_total",
            "counter",
            "Bytes of bodies and streams from callers.",
            |door| door.received.get().to_string(),
        );
        page.of_doors(
            self,
            "sent_bytes_total",
            "counter",
            "Bytes of bodies and streams to callers.",
            |door| door.sent.get().to_string(),
        );
        page.about(
            "refused_total",
            "counter",
            "Connections that did not come in.",
        );
        for door in &self.doors {
            for why in Refusal::ALL {
                let labels = format!(
                    "listener=\"{}\",reason=\"{}\"",
                    label(&door.name),
                    why.word()
                );
                page.line("refused_total", &labels, door.refused(why).get());
            }
        }
        self.requests(&mut page);
        for (name, kind, help, value) in [
            (
                "cut_total",
                "counter",
                "Live connections that were cut because their caller may no longer be here.",
                signed(self.cut.get()),
            ),
            (
                "upstream_failures_total",
                "counter",
                "Times that the service behind could not be reached or broke off.",
                signed(self.upstream_failures.get()),
            ),
            (
                "accept_failures_total",
                "counter",
                "Times that the system had no descriptor or memory for a connection.",
                signed(self.accept_failures.get()),
            ),
            (
                "reloads_total",
                "counter",
                "Changed files that were taken over.",
                signed(self.reloads.get()),
            ),
            (
                "reload_failures_total",
                "counter",
                "Changed files that were not taken over; the last good ones are in force.",
                signed(self.reload_failures.get()),
            ),
            (
                "policy_epoch",
                "gauge",
                "The number of the policy in force.",
                self.policy_epoch.get(),
            ),
            (
                "material_epoch",
                "gauge",
                "The number of the certificates and lists in force.",
                self.material_epoch.get(),
            ),
            (
                "certificate_not_after_seconds",
                "gauge",
                "When the gateway's own certificate ends, in Unix time.",
                self.certificate_ends.get(),
            ),
            (
                "crl_next_update_seconds",
                "gauge",
                "When the revocation list that ends first ends, in Unix time.",
                self.lists_end.get(),
            ),
            (
                "crl_entries",
                "gauge",
                "Certificates that the revocation lists name.",
                self.lists_entries.get(),
            ),
            (
                "deny_entries",
                "gauge",
                "Entries of the deny-list.",
                self.denied.get(),
            ),
            (
                "audit_lost_total",
                "counter",
                "Audit records that could not be written.",
                signed(audit.lost()),
            ),
            (
                "audit_failing",
                "gauge",
                "1 while audit records cannot be written.",
                i64::from(audit.is_failing()),
            ),
        ] {
            page.about(name, kind, help);
            page.line(name, "", value);
        }
        page.0
    }

    fn requests(&self, page: &mut Page) {
        page.about("requests_total", "counter", "Requests by decision.");
        for (verdict, counter) in VERDICTS.iter().zip(&self.decisions) {
            let labels = format!("decision=\"{}\"", verdict.word());
            page.line("requests_total", &labels, counter.get());
        }
        page.about("answers_total", "counter", "Answers by class of status.");
        for (class, counter) in (1..).zip(&self.statuses) {
            page.line(
                "answers_total",
                &format!("status=\"{class}xx\""),
                counter.get(),
            );
        }
        let name = "request_duration_seconds";
        page.about(
            name,
            "histogram",
            "How long requests took that are no streams.",
        );
        let mut sum = 0;
        for (bound, counter) in BOUNDS.iter().zip(&self.durations) {
            sum += counter.get();
            let labels = format!("le=\"{}\"", seconds(*bound * 1000));
            page.line(&format!("{name}_bucket"), &labels, sum);
        }
        sum += self.durations.last().map_or(0, super::Counter::get);
        page.line(&format!("{name}_bucket"), "le=\"+Inf\"", sum);
        page.line(&format!("{name}_sum"), "", seconds(self.micros.get()));
        page.line(&format!("{name}_count"), "", sum);
    }
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn about(&mut self, name: &str, kind: &str, help: &str) {
        let _infallible = writeln!(
            self.0,
            "# HELP sealock_gateway_{name} {help}\n# TYPE sealock_gateway_{name} {kind}"
        );
    }

    fn line(&mut self, name: &str, labels: &str, value: impl Display) {
        let labels = if labels.is_empty() {
            String::new()
        } else {
            format!("{{{labels}}}")
        };
        let _infallible = writeln!(self.0, "sealock_gateway_{name}{labels} {value}");
    }

    fn of_doors(
        &mut self,
        metrics: &Metrics,
        name: &str,
        kind: &str,
        help: &str,
        value: impl Fn(&Door) -> String,
    ) {
        self.about(name, kind, help);
        for door in &metrics.doors {
            let labels = format!("listener=\"{}\"", label(&door.name));
            self.line(name, &labels, value(door));
        }
    }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Microseconds as a decimal number of seconds, without rounding.
fn seconds(micros: u64) -> String {
    let text = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A value between quotes: names of listeners come from a file.
fn label(text: &str) -> String {
    sealock_diag::escape(text)
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::{Metrics, Refusal, Verdict, label, seconds};
    use crate::audit::Audit;
    use std::time::Duration;

    #[test]
    fn a_page_tells_what_was_counted() {
        let metrics = Metrics::new(["docker".to_owned(), "a\"b".to_owned()]);
        metrics.doors[0].accepted.add(3);
        metrics.doors[0].open.add(2);
        metrics.doors[0].open.add(-1);
        metrics.doors[1].refused(Refusal::Slow).one();
        metrics.request(Verdict::Allow, 200, Some(Duration::from_micros(900)));
        metrics.request(Verdict::Allow, 101, None);
        metrics.request(Verdict::Deny, 403, Some(Duration::from_micros(1_000)));
        metrics.request(Verdict::Hide, 404, Some(Duration::from_secs(100)));
        metrics.request(Verdict::Warn, 999, None);
        let page = metrics.page(&Audit::off());
        for line in [
            "sealock_gateway_connections_total{listener=\"docker\"} 3",
            "sealock_gateway_connections_open{listener=\"docker\"} 1",
            "sealock_gateway_connections_total{listener=\"a\\\"b\"} 0",
            "sealock_gateway_refused_total{listener=\"a\\\"b\",reason=\"slow\"} 1",
            "sealock_gateway_requests_total{decision=\"allow\"} 2",
            "sealock_gateway_requests_total{decision=\"warn\"} 1",
            "sealock_gateway_answers_total{status=\"1xx\"} 1",
            "sealock_gateway_answers_total{status=\"5xx\"} 1",
            "sealock_gateway_request_duration_seconds_bucket{le=\"0.001\"} 1",
            "sealock_gateway_request_duration_seconds_bucket{le=\"0.005\"} 2",
            "sealock_gateway_request_duration_seconds_bucket{le=\"60\"} 2",
            "sealock_gateway_request_duration_seconds_bucket{le=\"+Inf\"} 3",
            "sealock_gateway_request_duration_seconds_sum 100.0019",
            "sealock_gateway_request_duration_seconds_count 3",
            "sealock_gateway_audit_failing 0",
        ] {
            assert!(page.lines().any(|there| there == line), "{line}\n{page}");
        }
        // Every series is announced, once.
        for line in page.lines().filter(|line| !line.starts_with('#')) {
            let name = line.split(['{', ' ']).next().unwrap();
            let family = ["_bucket", "_sum", "_count"]
                .iter()
                .find_map(|end| name.strip_suffix(end))
                .unwrap_or(name);
            let told = format!("# TYPE {family} ");
            assert_eq!(page.matches(&told).count(), 1, "{line}");
        }
    }

    #[test]
    fn numbers_and_labels() {
        assert_eq!(seconds(1_000), "0.001");
        assert_eq!(seconds(10_000_000), "10");
        assert_eq!(seconds(0), "0");
        assert_eq!(label("a\"\n"), "a\\\"\\\\u{a}");
    }
}
