#pragma once
// What nearly every command includes, compiled once.
#include "../../cmake/pch.hpp"

#include <nlohmann/json.hpp>
