//! systemd and the journal.

use crate::messages::pattern::{Pattern, cause, means, symptom};

const SYSTEMD: &str = "systemd";

pub(super) const TABLE: &[Pattern] = &[
    symptom(
        SYSTEMD,
        &[
            "docker.service: Start request repeated too quickly",
            "docker.service: Failed with result 'start-limit-hit'",
            "docker.socket: Failed with result 'service-start-limit-hit'",
            "because start of the service was attempted too often",
            "docker.service failed because start of the service was attempted too often",
            "(Result: start-limit-hit)",
        ],
        &[means("SL-F207", "dockerd ended several times in a row, and systemd starts it no more until that is forgotten; why it ended stands in the lines before")
            .help("journalctl -u docker.service -n 50 --no-pager\nsystemctl reset-failed docker.service")],
    ),
    symptom(
        SYSTEMD,
        &[
            "Job for docker.service failed because the control process exited with error code",
            "docker.service: Main process exited, code=exited, status={status}",
            "docker.service: Failed with result 'exit-code'",
            "docker.service: Failed with result '{result}'",
            "Failed to start docker.service - Docker Application Container Engine",
            "Failed to start Docker Application Container Engine",
            "docker.service - Docker Application Container Engine failed",
        ],
        &[means("SL-F210", "dockerd ended as it was started; why stands in its log").help("journalctl -u docker.service -n 50 --no-pager")],
    ),
    symptom(
        SYSTEMD,
        &["Active: failed (Result: {result})"],
        &[means("SL-F210", "the service has failed ({result}); why stands in its log").help("journalctl -u docker.service -n 50 --no-pager")],
    ),
    symptom(
        SYSTEMD,
        &["Active: inactive (dead)"],
        &[means("SL-F211", "the service is off: systemd did not start it, or it was stopped").help("systemctl start docker.service")],
    ),
    cause(
        SYSTEMD,
        &[
            "changed on disk. Run 'systemctl daemon-reload' to reload units",
            "changed on disk, 'systemctl daemon-reload' recommended",
        ],
        &[means("SL-F213", "a unit or drop-in was changed, and systemd still has the old one").help("systemctl daemon-reload")],
    ),
    cause(
        SYSTEMD,
        &["Socket service docker.service already active, refusing"],
        &[means("SL-F219", "docker.socket cannot be started while docker.service runs: both have to be stopped, the socket started first")
            .help("systemctl stop docker.service docker.socket\nsystemctl start docker.socket docker.service")],
    ),
    cause(
        SYSTEMD,
        &[
            "docker.socket: Failed to create listening socket ({address:word}): Address already in use",
            "docker.socket: Failed to listen on sockets: Address already in use",
        ],
        &[means("SL-F218", "another process has a port of docker.socket").help("ss -ltnp")],
    ),
    cause(
        SYSTEMD,
        &[
            "docker.socket: Failed to create listening socket ({address:word}): Cannot assign requested address",
            "docker.socket: Failed to listen on sockets: Cannot assign requested address",
        ],
        &[means("SL-F223", "docker.socket names an address that this host does not have")],
    ),
    symptom(
        SYSTEMD,
        &[
            "Dependency failed for docker.service - Docker Application Container Engine",
            "Dependency failed for Docker Application Container Engine",
        ],
        &[means("SL-F219", "docker.service needs docker.socket, and that did not start").help("systemctl status docker.socket --no-pager")],
    ),
    cause(
        SYSTEMD,
        &[
            "docker.service: Service has more than one ExecStart= setting",
            "docker.service has a bad unit file setting",
            "docker.service: Unit configuration has fatal error",
        ],
        &[means("SL-F210", "the unit cannot be used: a drop-in that sets ExecStart= has to empty it first, with a line `ExecStart=`").help("systemctl cat docker.service")],
    ),
];
