// The server as one object: builds every part from references to those before it, in the order of the layers, and wires
// them. Nothing else in the program knows more than its own parts.
//
// Thread safety: start() and stop() from one thread.
#pragma once

#include <memory>

#include "base/error.hpp"
#include "server/settings.hpp"

namespace ciclo::server {

class Application {
 public:
  // Opens the data folder and the database, brings the schema up to date, listens, starts the controllers.
  static Result<std::unique_ptr<Application>> start(const Settings& settings);
  ~Application();
  Application(const Application&) = delete;
  Application& operator=(const Application&) = delete;

  // "http://127.0.0.1:8780"
  std::string url() const;
  const Folders& folders() const;
  log::Logger& logger();
  // Lets running requests finish, stops the controllers. Jobs and endpoints go on; the next start finds them.
  void stop();

 private:
  struct Parts;
  explicit Application(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace ciclo::server
