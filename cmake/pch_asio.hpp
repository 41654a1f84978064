#pragma once
// As pch.hpp, and Asio, which costs seconds a file when it is not precompiled.
#include <boost/asio.hpp>

#include "pch.hpp"
