#pragma once
// What nearly every command includes, compiled once.
#include "../../cmake/pch.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio.hpp>
#include <nlohmann/json.hpp>
