#pragma once
// What nearly every command includes, compiled once.
#include <CLI/CLI.hpp>
#include <boost/asio.hpp>
#include <nlohmann/json.hpp>

#include "../../cmake/pch.hpp"
