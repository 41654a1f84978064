// The compiled half of Asio: with BOOST_ASIO_SEPARATE_COMPILATION exactly one source holds it.
#include <boost/asio/impl/src.hpp>
