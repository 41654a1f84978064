#pragma once

#include "client/engine.hpp"
#include "client/link.hpp"
#include "client/outbox.hpp"
#include "client/twin_exchange.hpp"
#include "muster/client.hpp"
#include "net/signal.hpp"

#include <boost/asio/cancellation_signal.hpp>

#include <memory>
#include <optional>

namespace muster {

/// What a Client is: one coroutine that connects, serves and reconnects for as long as it is wanted; callers
/// only look at what it knows, and wait for it to change. All on one shard.
class Client::Session : public std::enable_shared_from_this<Client::Session> {
 public:
  Session(client::Engine& engine, std::shared_ptr<Credentials> credentials, ClientOptions options);

  Task<void> connect(std::chrono::milliseconds timeout);
  Task<void> publish(Bytes payload, PublishOptions options);
  Task<DeviceTwin> get_twin(std::chrono::milliseconds timeout);
  Task<std::int64_t> patch_reported(std::string patch_json, std::chrono::milliseconds timeout);
  Task<void> watch_desired(client::TwinExchange::Watcher on_update, std::chrono::milliseconds timeout);
  Task<void> disconnect();
  /// The Client is gone: ends, and tells nobody.
  void abandon();

  client::Engine& engine() noexcept { return engine_; }
  ConnectionState state() const noexcept { return state_; }

 private:
  /// A twin request from here to its answer; a patch when there is one.
  Task<client::TwinAnswer> ask_twin(std::optional<std::string> patch, std::chrono::milliseconds timeout);
  asio::awaitable<void> run();
  Task<std::unique_ptr<client::Link>> open();
  /// Until the connection ends; says why.
  asio::awaitable<Error> serve();
  asio::awaitable<void> write();
  Task<void> read();
  Bytes gather();
  SteadyTime next_ping() const;
  void check_peer();
  /// Decides between a pause and the end; the pause included.
  asio::awaitable<void> after_loss(Error why, bool was_stable);

  /// Once: lets go of what waits when the Runtime ends.
  void enlist();
  void start();
  void stop();
  /// Whoever waits for something of the hub is told that nothing comes.
  void fail_all(const Error& error);
  void tell(ConnectionState state, std::optional<Error> why = {}, std::chrono::milliseconds retry_in = {});

  client::Engine& engine_;
  std::shared_ptr<Credentials> credentials_;
  ClientOptions options_;
  client::Outbox outbox_;
  client::TwinExchange twin_;

  net::Signal changed_;                ///< State, or the end of the run: for connect() and disconnect().
  net::Signal work_;                   ///< For the writer.
  net::Signal pause_;                  ///< Ends the pause between two attempts.
  asio::cancellation_signal give_up_;  ///< Ends an attempt under way.

  bool enlisted_ = false;
  bool wanted_ = false;
  bool running_ = false;
  ConnectionState state_ = ConnectionState::disconnected;
  std::optional<Error> refused_;     ///< The final error, until connect() is called again.
  std::optional<Error> last_error_;  ///< Of the last attempt since connect().
  unsigned attempts_ = 0;            ///< Since the last stable connection.

  // Of the connection that there is.
  std::unique_ptr<client::Link> link_;
  std::optional<Error> ending_;  ///< Why we end it; the reader then only sees that it was closed.
  bool writing_ = false;
  bool stable_ = false;  ///< It acknowledged something, or lasted.
  SteadyTime connected_at_, last_sent_, last_heard_;
  std::optional<SteadyTime> pinged_at_;  ///< A PINGREQ that nothing has followed yet.
};

}  // namespace muster
