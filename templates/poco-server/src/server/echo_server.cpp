#include "echo_server.h"

#include <Poco/Buffer.h>
#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServerParams.h>
#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/WebSocket.h>
#include <Poco/StringTokenizer.h>
#include <Poco/Timespan.h>

#include <string>

using Poco::Net::HTTPResponse;
using Poco::Net::HTTPServerRequest;
using Poco::Net::HTTPServerResponse;
using Poco::Net::WebSocket;

namespace {

constexpr int backlog = 64;

/// What Emscripten's sockets offer, and must be told that they got: else they close at once, and
/// all that the program sees is ECONNREFUSED.
const std::string subprotocol = "binary";

bool offers(const HTTPServerRequest& request, const std::string& name) {
    using Poco::StringTokenizer;
    const StringTokenizer offered{request.get("Sec-WebSocket-Protocol", ""), ",",
                                  StringTokenizer::TOK_TRIM | StringTokenizer::TOK_IGNORE_EMPTY};
    return offered.has(name);
}

/// Sends every message back until the client closes the connection or loses it.
void echo(WebSocket& socket) {
    constexpr int fin_and_opcode = WebSocket::FRAME_FLAG_FIN | WebSocket::FRAME_OP_BITMASK;
    // It grows with the message, where a plain array would be an error if it is too short.
    Poco::Buffer<char> payload{0};
    for (;;) {
        payload.resize(0, false);
        int flags = 0;
        const int size = socket.receiveFrame(payload, flags);
        if (size == 0 && flags == 0) return;  // TCP ended without a close frame
        switch (flags & WebSocket::FRAME_OP_BITMASK) {
            case WebSocket::FRAME_OP_CLOSE:
                socket.shutdown();
                return;
            case WebSocket::FRAME_OP_PING:  // Poco leaves the answer to us
                socket.sendFrame(payload.begin(), size,
                                 WebSocket::FRAME_FLAG_FIN | WebSocket::FRAME_OP_PONG);
                break;
            case WebSocket::FRAME_OP_PONG:
                break;
            default:
                // As they came: text, binary, and the fragments of a message one by one.
                socket.sendFrame(payload.begin(), size, flags & fin_and_opcode);
        }
    }
}

class EchoHandler final : public Poco::Net::HTTPRequestHandler {
public:
    void handleRequest(HTTPServerRequest& request, HTTPServerResponse& response) override {
        if (!offers(request, subprotocol)) {
            return refuse(response, "the client must offer the subprotocol `binary`");
        }
        response.set("Sec-WebSocket-Protocol", subprotocol);  // before the handshake is answered
        try {
            WebSocket socket{request, response};
            socket.setReceiveTimeout(Poco::Timespan{});  // a client may be silent for ever
            socket.setNoDelay(true);
            echo(socket);
        } catch (const Poco::Net::WebSocketException& error) {
            if (!response.sent()) refuse(response, error.displayText());
        } catch (const Poco::Net::NetException&) {
            // The client is gone.
        }
    }

private:
    static void refuse(HTTPServerResponse& response, const std::string& reason) {
        response.setStatusAndReason(HTTPResponse::HTTP_BAD_REQUEST);
        response.erase("Sec-WebSocket-Protocol");
        response.setContentType("text/plain");
        response.setKeepAlive(false);
        const std::string body = reason + "\n";
        response.sendBuffer(body.data(), body.size());
    }
};

class EchoHandlerFactory final : public Poco::Net::HTTPRequestHandlerFactory {
public:
    Poco::Net::HTTPRequestHandler* createRequestHandler(const HTTPServerRequest&) override {
        return new EchoHandler;  // which Poco deletes
    }
};

Poco::Net::HTTPServerParams::Ptr params(int most_clients) {
    Poco::Net::HTTPServerParams::Ptr result = new Poco::Net::HTTPServerParams;
    result->setMaxThreads(most_clients);
    result->setMaxQueued(most_clients);
    return result;
}

}  // namespace

EchoServer::EchoServer(const Poco::Net::SocketAddress& address, int most_clients)
    : listener_{address, backlog},
      threads_{1, most_clients},
      server_{new EchoHandlerFactory, threads_, listener_, params(most_clients)} {
    server_.start();
}

EchoServer::~EchoServer() {
    server_.stopAll(true);
    threads_.joinAll();
}

Poco::Net::SocketAddress EchoServer::address() const { return listener_.address(); }
