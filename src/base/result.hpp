#pragma once
#include "muster/error.hpp"
#include "muster/result.hpp"
