#include "base/assert.hpp"
#include "base/result.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace muster {
namespace {

using enum ErrorCode;

// Title, cause, remedy, HTTP status. Titles are noun phrases; remedies say what to do next, in one sentence.
constexpr std::array kErrors{
    ErrorInfo{
        malformed_packet, "Malformed packet",
        "The bytes that arrived are not a valid MQTT 3.1.1 packet. That connection was closed, no other.",
        "Check that the client speaks MQTT 3.1.1 and that nothing between rewrites the stream.", 400},
    ErrorInfo{packet_too_large, "Packet too large",
              "A packet announced more bytes than this listener accepts.",
              "Send less in one message, or raise limits.packet_bytes_max if the service is yours.", 413},
    ErrorInfo{protocol_violation, "Protocol violation",
              "The packet is well formed but not allowed here: a second CONNECT, a packet that only servers "
              "send, or "
              "anything before CONNECT.",
              "Check the order of packets against MQTT 3.1.1; official SDKs do not do this.", 400},
    ErrorInfo{connect_timeout, "No CONNECT in time",
              "The peer opened a connection and did not finish its handshake or send CONNECT in time.",
              "Check the client for a stall; a port scanner or health check needs no cure.", 408},
    ErrorInfo{keep_alive_timeout, "Keep-alive missed",
              "Nothing arrived for one and a half times the keep-alive that the client had announced.",
              "Check the network on the way, and that the client sends PINGREQ.", 408},
    ErrorInfo{connection_lost, "Connection lost", "The connection ended without an orderly close.",
              "Check the network on the way; clients reconnect by themselves.", 503},
    ErrorInfo{tls_failure, "TLS failure", "The TLS handshake or the encrypted connection failed.",
              "Check that the client trusts the server's CA (server/ca.pem) and dials a name the certificate "
              "holds.",
              400},
    ErrorInfo{unknown_topic, "Topic not supported",
              "The hub is not a general broker: it takes messages on its documented topics only and closes "
              "the connection "
              "otherwise, as Azure does.",
              "Publish telemetry to devices/{deviceId}/messages/events/ with the connection's own device id.",
              400},
    ErrorInfo{qos_unsupported, "QoS 2 not supported",
              "A message was published with QoS 2, which IoT Hub refuses.", "Publish with QoS 0 or 1.", 400},
    ErrorInfo{malformed_user_name, "User name not understood",
              "The CONNECT's user name has none of the documented forms.",
              "For DPS use {idScope}/registrations/{registrationId}/api-version=..., for a hub "
              "{hub}/{deviceId}/?api-version=....",
              400},
    ErrorInfo{
        client_id_mismatch, "Client id does not match the user name",
        "The client id has to be the device id (or the registration id at DPS) that the user name holds.",
        "Set the client id to the id in the user name.", 400},
    ErrorInfo{unknown_service, "No such service here",
              "The name that was dialled or given belongs to no hub or DPS instance of this world.",
              "Check the host name and id scope; `muster hub list` and `muster dps list` show what there is.",
              404},
    ErrorInfo{
        connection_limit, "Too many connections",
        "A limit on connections, in all or of one address, was reached.",
        "Close idle connections, or raise limits.connections_max or limits.connections_per_address_max.",
        429},
    ErrorInfo{credential_missing, "No credential presented",
              "The peer presented neither a client certificate nor a password.",
              "Give the client its certificate and key, or its symmetric key.", 401},
    ErrorInfo{protocol_version_unsupported, "MQTT version not supported",
              "Only MQTT 3.1.1 (protocol level 4) is spoken.", "Set the client to MQTT 3.1.1.", 400},
    ErrorInfo{connection_superseded, "Replaced by a newer connection",
              "The same device connected again: a device has one connection, and the newer one wins.",
              "If this repeats, find the second program that uses this device's identity.", 409},
    ErrorInfo{shutting_down, "Service is stopping", "The service is being stopped in an orderly way.",
              "Reconnect when it is back.", 503},
    ErrorInfo{peer_stalled, "Peer does not read",
              "The peer stopped reading and the bytes waiting for it reached their limit.",
              "Check the client for a stall.", 408},
    ErrorInfo{
        service_mismatch, "Dialled name and user name mean different services",
        "The client dialled the name of one service and gave the user name of another: a hub's name with "
        "a DPS user name, or the reverse.",
        "Register at global.azure-devices-provisioning.net, and then dial the hub that the registration "
        "names.",
        401},

    ErrorInfo{no_enrollment_matches, "No enrollment matches",
              "No individual enrollment exists for this registration id, and no enrollment group refers to a "
              "CA above the "
              "presented certificate.",
              "Create an enrollment group for the CA that issued the certificate: `muster dps "
              "enrollment-group create "
              "--enrollment-id NAME --ca-name CA`.",
              404},
    ErrorInfo{
        enrollment_disabled, "Enrollment disabled",
        "The enrollment that matches this device is disabled; a matching disabled enrollment ends the "
        "search.",
        "Enable it: `muster dps enrollment-group update --enrollment-id NAME --provisioning-status enabled`.",
        403},
    ErrorInfo{ca_not_verified, "CA certificate not verified",
              "The CA above the presented certificate was uploaded, but nobody has proved to hold its key.",
              "Verify it: `muster dps certificate generate-verification-code`, `muster pki verify-proof`, "
              "`muster dps "
              "certificate verify`.",
              401},
    ErrorInfo{ca_unknown, "CA certificate not found",
              "The presented certificate leads to no CA certificate that was uploaded here.",
              "Upload the issuing CA (`muster dps certificate create`), or let the device send its "
              "intermediates too.",
              401},
    ErrorInfo{certificate_not_yet_valid, "Certificate not yet valid",
              "A certificate of the chain begins later than the service's clock says.",
              "Check the clocks, or re-issue the certificate with an earlier notBefore.", 401},
    ErrorInfo{certificate_expired, "Certificate expired",
              "A certificate of the chain ended earlier than the service's clock says.",
              "Re-issue it: for a device, `muster pki create-device`.", 401},
    ErrorInfo{certificate_signature_invalid, "Certificate signature invalid",
              "A certificate was not signed by the key of the CA that it names as its issuer.",
              "Check that the certificate comes from this CA and was not altered; a CA re-created under the "
              "same name has "
              "another key.",
              401},
    ErrorInfo{certificate_not_a_ca, "Issuer is not a CA",
              "A certificate of the chain issued another without being allowed to: no CA flag, no "
              "keyCertSign, or the path "
              "length is exceeded.",
              "Issue with a CA certificate whose basic constraints allow it.", 401},
    ErrorInfo{certificate_purpose, "Certificate not for clients",
              "The certificate's extended key usage does not allow TLS client authentication.",
              "Re-issue it with clientAuth, as `muster pki create-device` does.", 401},
    ErrorInfo{certificate_chain_invalid, "Certificate chain invalid",
              "The chain was refused for another reason of X.509.",
              "Read the reason; `muster pki verify` judges the files offline.", 401},
    ErrorInfo{certificate_missing, "No client certificate presented",
              "The identity or enrollment needs an X.509 certificate, and the client sent none.",
              "Give the client its certificate and key files.", 401},
    ErrorInfo{certificate_unreadable, "Certificate unreadable",
              "The bytes are not a certificate in PEM or DER, or hold none.",
              "Check that the file is a certificate (not a key or a request): `muster pki inspect FILE`.",
              400},
    ErrorInfo{enrollment_certificate_mismatch, "Not the enrolled certificate",
              "An individual enrollment takes the very certificate that stands in it, primary or secondary.",
              "Put the device's certificate into the enrollment: `muster dps enrollment update "
              "--enrollment-id ID --certificate-path FILE`.",
              401},
    ErrorInfo{token_malformed, "Token not understood",
              "The password is no shared access signature with sr, sig and se.",
              "Let the SDK make it from the device's key; its form is "
              "\"SharedAccessSignature sr=...&sig=...&se=...\".",
              401},
    ErrorInfo{
        token_signature_invalid, "Token not signed with the device's key",
        "The signature of the token is of none of the keys that the device may use.",
        "Compare the key on the device with `muster hub device-identity show` (at DPS: `muster dps "
        "enrollment show --show-keys`); a group's devices use keys derived from the group's: `muster dps "
        "enrollment-group compute-device-key`.",
        401},
    ErrorInfo{token_expired, "Token expired", "The token's time (se) has passed.",
              "Check the device's clock, or make a new token.", 401},
    ErrorInfo{token_resource_mismatch, "Token for something else",
              "The resource that the token is for (sr) does not cover what was asked.",
              "Sign for the host name that is dialled: {hub}/devices/{device}, at DPS "
              "{id scope}/registrations/{registration id}.",
              401},
    ErrorInfo{token_policy_unknown, "Token's policy has no right to this",
              "The token names a shared access policy (skn) that does not exist or lacks DeviceConnect.",
              "Use the device's own key without skn, or a policy with DeviceConnect.", 401},
    ErrorInfo{registration_id_mismatch, "Registration id does not match the certificate",
              "The registration id has to equal the common name (CN) of the device certificate.",
              "Set registration_id to the certificate's CN, or issue a certificate for this id.", 401},
    ErrorInfo{registration_id_invalid, "Registration id invalid",
              "The id breaks the grammar: up to 128 of A-Z a-z 0-9 - . _ :, ending in a letter, digit or -.",
              "Choose an id that follows the grammar.", 400},
    ErrorInfo{id_scope_unknown, "Id scope unknown",
              "No DPS instance of this world has the id scope of the user name.",
              "Use the id scope that `muster dps list` shows.", 401},
    ErrorInfo{attestation_unsupported, "Attestation not supported",
              "This kind of attestation does not exist here yet, and is never stored and ignored.",
              "Use X.509 attestation.", 400},
    ErrorInfo{allocation_unsupported, "Allocation policy not supported",
              "This allocation policy cannot be used here, and is never stored and ignored.",
              "Use hashed, static or geoLatency, or custom with a webhook.", 400},
    ErrorInfo{no_hub_available, "No hub to assign",
              "The enrollment allows no linked hub, or the DPS instance has none.",
              "Link a hub, or widen the enrollment's list of hubs.", 400},
    ErrorInfo{registration_body_invalid, "Registration request malformed",
              "The body of the register message is not what the API takes. Nothing was changed.",
              "Correct the field that the reason names.", 400},
    ErrorInfo{operation_unknown, "Operation unknown",
              "The operation id of the poll belongs to no registration of this connection.",
              "Register again; official SDKs poll with the id that the register answer gave.", 404},
    ErrorInfo{operations_limit, "Too many registrations at once",
              "The number of registrations under way has reached its limit.",
              "Retry after the seconds that the answer says.", 429},
    ErrorInfo{registration_conflict, "Registration conflict",
              "What the registration rests on changed again and again while it ran.", "Register again.", 409},
    ErrorInfo{csr_unsupported, "Certificate issuance not supported",
              "The request carries a certificate signing request, which this service does not answer yet.",
              "Register without csr.", 400},
    ErrorInfo{
        allocation_failed, "Custom allocation failed",
        "The webhook of the enrollment was asked for a hub, and gave no answer that can be used.",
        "Look at the webhook's own log, and correct it; the device registers again by itself or when told.",
        400},
    ErrorInfo{proof_of_possession_failed, "Proof of possession failed",
              "The verification certificate does not prove possession of the CA's key.",
              "Make it with the current code: `muster pki verify-proof --code CODE`.", 400},
    ErrorInfo{certificate_not_ca_upload, "Not a CA certificate",
              "The certificate that was uploaded cannot issue others.",
              "Upload the CA's certificate, not the device's.", 400},

    ErrorInfo{device_not_found, "Device not found", "The hub has no identity of this id.",
              "Let the device provision through DPS again, or create it at the hub.", 404},
    ErrorInfo{device_disabled, "Device disabled", "The identity exists and is disabled.",
              "Enable it: `muster hub device-identity update --device-id ID --status enabled`.", 403},
    ErrorInfo{thumbprint_mismatch, "Thumbprint does not match",
              "The identity is bound to other certificates than the one that was presented.",
              "Let the device provision again, so that DPS stores the new thumbprint.", 401},
    ErrorInfo{credential_wrong_type, "Wrong kind of credential",
              "The identity authenticates by other means than what the client presented.",
              "Use the credential that the identity's authentication type asks for.", 401},
    ErrorInfo{
        message_too_large, "Message or twin too large",
        "A device-to-cloud message has at most 262,144 bytes; a twin's tags count at most 8 KB, its desired "
        "and its reported properties 32 KB each.",
        "Send less in one message, or delete from the twin what is not needed.", 413},
    ErrorInfo{hub_unknown, "Hub unknown", "No hub of this name exists in this world.",
              "`muster hub list` shows the hubs.", 404},
    ErrorInfo{device_id_invalid, "Device id invalid",
              "The id breaks the grammar: up to 128 of A-Z a-z 0-9 and - . + % _ # * ? ! ( ) , : = @ $ '.",
              "Choose an id that follows the grammar.", 400},
    ErrorInfo{device_id_mismatch, "Device id does not match the certificate",
              "With authentication by CA the common name of the certificate has to equal the device id.",
              "Connect with the device id that the certificate was issued for.", 401},
    ErrorInfo{throttled, "Throttled", "A rate limit was reached.",
              "Retry after the time that the answer says.", 429},

    ErrorInfo{request_malformed, "Request malformed", "The HTTP request or its body could not be read.",
              "Correct what the reason names.", 400},
    ErrorInfo{resource_not_found, "Not found", "There is nothing under this name or path.",
              "Check the spelling; the list command shows what there is.", 404},
    ErrorInfo{resource_exists, "Already exists", "Something of this name is there already.",
              "Choose another name, or update the existing one (with its etag).", 409},
    ErrorInfo{precondition_failed, "Changed meanwhile", "The etag given is not that of what is stored now.",
              "Read it again and repeat the change with the new etag.", 412},
    ErrorInfo{method_not_allowed, "Method not allowed", "This path does not take this HTTP method.",
              "Use one of the methods in the Allow header.", 405},
    ErrorInfo{unauthorized, "Unauthorized", "The request carries no right that covers it.",
              "Use a policy that has the right which the reason names.", 401},
    ErrorInfo{request_too_large, "Request too large", "The headers or the body exceed their limit.",
              "Send less in one request.", 413},
    ErrorInfo{not_implemented, "Not built yet", "This part of the API is known and does not exist here yet.",
              "See docs/explanation/compatibility.md for what there is.", 501},
    ErrorInfo{query_invalid, "Query not understood",
              "The query is not of the language or the part of it that is served.",
              "Correct the query as the reason says.", 400},
    ErrorInfo{field_invalid, "Field invalid",
              "A member of the body has a wrong type or value. Nothing was changed.",
              "Correct the field that the reason names.", 400},
    ErrorInfo{precondition_missing, "Etag missing", "This call needs an If-Match header.",
              "Send If-Match with the etag, or * for whatever is there.", 412},
    ErrorInfo{resource_in_use, "Still in use", "Something else refers to it.",
              "Remove what the reason names first.", 409},

    ErrorInfo{disk_full, "Disk full", "The file system has no room left.",
              "Make room; a service that runs goes on by itself within seconds.", 503},
    ErrorInfo{io_failed, "Disk failure", "The operating system reported an error for a file.",
              "Check the disk and the path in the reason.", 500},
    ErrorInfo{
        event_log_failed, "Event log failed",
        "A write or fsync of the event log failed. Nothing is acknowledged after that, reading goes on.",
        "Check the disk, then restart the service: it recovers everything that was acknowledged.", 500},
    ErrorInfo{event_log_full, "Event log cannot keep up",
              "The bytes waiting for the disk have reached their limit, or there is no room.",
              "Make room or send more slowly; devices are slowed down, nothing acknowledged is lost.", 503},
    ErrorInfo{log_corrupt, "Event log damaged",
              "A record does not match its checksum, and whole records follow it: this is not a torn end.",
              "Restore the file that the reason names from a backup.", 500},
    ErrorInfo{registry_unavailable, "Registry unavailable", "The registry's database refused an operation.",
              "Check the disk and the file registry.db.", 500},
    ErrorInfo{registry_newer, "Registry of a newer muster",
              "The database has a format that this version does not know.",
              "Use the muster that wrote it, or a newer one.", 500},
    ErrorInfo{log_newer, "Event log of a newer muster",
              "The log has a format that this version does not know.",
              "Use the muster that wrote it, or a newer one.", 500},
    ErrorInfo{offset_expired, "Position no longer kept", "Retention has deleted the events at this position.",
              "Read from the start that the reason says.", 410},
    ErrorInfo{registry_busy, "Registry busy", "Too many operations wait for the registry.",
              "Retry in a moment.", 503},
    ErrorInfo{
        registry_damaged, "Registry damaged",
        "The registry's file does not hold what SQLite wrote there: it was overwritten, cut or decayed.",
        "Stop muster, then restore registry.db from a backup, or let SQLite save what it can: "
        "`sqlite3 registry.db .recover | sqlite3 saved.db`.",
        500},

    ErrorInfo{config_invalid, "Configuration invalid",
              "Keys of the configuration have values that cannot be used.",
              "Correct every line of the list; `muster config check` repeats it.", 400},
    ErrorInfo{config_unreadable, "Configuration unreadable",
              "The configuration file cannot be read or is not JSON.",
              "Correct the file at the position that the reason names.", 400},
    ErrorInfo{port_in_use, "Port in use", "Another process holds the address and port.",
              "Stop that process, or give this world another address: --listen 127.0.1.1.", 409},
    ErrorInfo{world_in_use, "World in use", "Another muster runs with this folder.",
              "Use it (`muster status`), stop it (`muster down`), or take another folder with --data.", 409},
    ErrorInfo{world_newer, "World of a newer muster", "The folder was made by a version with a later format.",
              "Use the muster that made it, or a newer one.", 409},
    ErrorInfo{world_missing, "No world here", "The folder does not hold a world.",
              "Make one with `muster up`, or name the right folder with --data.", 404},
    ErrorInfo{not_running, "Service not running", "No muster answers for this folder.",
              "Start it: `muster up`.", 503},
    ErrorInfo{world_damaged, "World damaged",
              "A file that the world needs is missing or broken. Nothing was touched.",
              "Restore the file that the reason names, or make a new world in another folder.", 500},
    ErrorInfo{permission_denied, "Permission denied", "The operating system does not allow it.",
              "Run as the owner of the folder, or choose a port or path that you may use.", 403},
    ErrorInfo{address_unavailable, "Address unavailable",
              "The address to listen on is not one of this machine.",
              "Choose an address that `ip address` shows.", 400},
    ErrorInfo{isolation_unavailable, "Isolation unavailable",
              "Neither namespaces nor libnss_wrapper can be used on this machine.",
              "Install libnss-wrapper, or point the client at the address as docs/how-to shows.", 500},
    ErrorInfo{world_exists, "World exists", "The folder holds a world already.",
              "Use it, or choose another folder.", 409},
    ErrorInfo{command_not_found, "Command not found", "The program to run could not be started.",
              "Check its name and that it is installed.", 404},

    ErrorInfo{usage, "Wrong usage", "The command line was not understood.", "Look at --help of the command.",
              400},
    ErrorInfo{device_config_invalid, "Device configuration invalid",
              "The device's config.json cannot be used. Every problem is listed.",
              "Correct the keys that the reason names.", 400},
    ErrorInfo{file_unreadable, "File unreadable",
              "A file is missing, cannot be read, or does not hold what it should.",
              "Check the path and the file.", 400},
    ErrorInfo{own_certificate_expired, "Device certificate expired",
              "The device's own certificate has ended; the service would refuse it.",
              "Issue a new one: `muster pki create-device --force`.", 400},
    ErrorInfo{connect_failed, "Connection failed", "No connection could be made to the address.",
              "Check that the service runs, the network, and that port 8883 is not blocked.", 503},
    ErrorInfo{timed_out, "Timed out", "No answer came in time. It may or may not have happened.",
              "Check the network and the service, then try again.", 504},
    ErrorInfo{
        server_untrusted, "Server not trusted",
        "The server's certificate does not lead to a CA that the device trusts, or holds another name.",
        "Set ca_file to the service's server/ca.pem (or SSL_CERT_FILE), and dial a name of its certificate.",
        400},
    ErrorInfo{provisioning_failed, "Provisioning refused", "DPS answered the registration with an error.",
              "Read the service's words in the reason; its log holds the tracking id.", 401},
    ErrorInfo{
        hub_refused, "Hub refused", "The hub answered CONNECT, or a request of its twin, with a refusal.",
        "Check the device's status and authentication at the hub; the service's log names the check.", 401},
    ErrorInfo{not_connected, "Not connected",
              "There is no connection, and no room to keep more messages until there is.",
              "Wait until the client has reconnected.", 503},
    ErrorInfo{cancelled, "Cancelled",
              "The operation was given up by its caller. It may or may not have happened.", "Nothing to do.",
              499},
    ErrorInfo{key_mismatch, "Key and certificate do not match",
              "The private key is not the one that the certificate was issued for.",
              "Name the key file that was made together with this certificate.", 400},
    ErrorInfo{key_uri_unsupported, "Key URI not supported", "Keys in a PKCS#11 token cannot be used yet.",
              "Name a PEM file in key_file.", 400},
    ErrorInfo{option_unsupported, "Option not supported", "The option exists in az and not here.",
              "Do what the reason says instead.", 400},
    ErrorInfo{file_exists, "File exists", "The file is there already and is not overwritten.",
              "Choose another path, or add --force.", 409},
    ErrorInfo{service_unreachable, "Service unreachable",
              "The running service did not answer on its control socket.",
              "Check `muster status` and the service's log.", 503},
    ErrorInfo{name_unresolved, "Name not resolved", "The host name has no address.",
              "Check the name and DNS; against a local world use `muster run` or connect_to.", 503},
    ErrorInfo{service_error, "Unexpected answer", "The service answered in a way that is not documented.",
              "Check that the host is a DPS or IoT Hub, and its log.", 502},
    ErrorInfo{own_certificate_not_yet_valid, "Device certificate not yet valid",
              "The device's own certificate begins later than its clock says.",
              "Set the device's clock, or issue the certificate with an earlier notBefore.", 400},
};
static_assert(std::ranges::is_sorted(kErrors, {}, &ErrorInfo::code), "looked up by binary search");

}  // namespace

const ErrorInfo& error_info(ErrorCode code) noexcept {
  const auto* row = std::ranges::lower_bound(kErrors, code, {}, &ErrorInfo::code);
  MUSTER_ASSERT(row != kErrors.end() && row->code == code, "an error code without a row in error.cpp");
  return *row;
}

std::span<const ErrorInfo> all_errors() noexcept { return kErrors; }

std::string error_id(ErrorCode code) { return fmt::format("MU-{:04}", static_cast<unsigned>(code)); }

std::optional<ErrorCode> parse_error_id(std::string_view text) noexcept {
  if (text.size() > 3 && (text.starts_with("MU-") || text.starts_with("mu-"))) text.remove_prefix(3);
  std::uint16_t number = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  const auto code = static_cast<ErrorCode>(number);
  const auto* row = std::ranges::lower_bound(kErrors, code, {}, &ErrorInfo::code);
  if (row == kErrors.end() || row->code != code) return std::nullopt;
  return code;
}

}  // namespace muster
