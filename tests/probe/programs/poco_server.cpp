// A WebSocket echo server on Poco. The argument says which subprotocol it selects, `-` for none.
#include <Poco/Buffer.h>
#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServer.h>
#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/WebSocket.h>

#include <iostream>
#include <string>

using namespace Poco::Net;

namespace {

class Echo : public HTTPRequestHandler {
public:
    explicit Echo(std::string subprotocol) : subprotocol_(std::move(subprotocol)) {}

    void handleRequest(HTTPServerRequest& request, HTTPServerResponse& response) override
    {
        try {
            if (subprotocol_ != "-") {
                response.set("Sec-WebSocket-Protocol", subprotocol_);
            }
            WebSocket socket(request, response);
            talk(socket);
        } catch (const WebSocketException& error) {
            if (!response.sent()) {
                response.setStatusAndReason(HTTPResponse::HTTP_BAD_REQUEST);
                response.send() << error.message();
            }
        } catch (const Poco::Exception& error) {
            std::cerr << error.displayText() << std::endl;
        }
    }

private:
    static void talk(WebSocket& socket)
    {
        char buffer[65536];
        int flags = 0;
        int count = 0;
        do {
            count = socket.receiveFrame(buffer, sizeof(buffer), flags);
            const int opcode = flags & WebSocket::FRAME_OP_BITMASK;
            if (opcode == WebSocket::FRAME_OP_PING) {
                flags = WebSocket::FRAME_FLAG_FIN | WebSocket::FRAME_OP_PONG;
            }
            if (opcode == WebSocket::FRAME_OP_CLOSE) {
                break;
            }
            socket.sendFrame(buffer, count, flags);
        } while (count > 0);
        socket.shutdown();
    }

    std::string subprotocol_;
};

class Factory : public HTTPRequestHandlerFactory {
public:
    explicit Factory(std::string subprotocol) : subprotocol_(std::move(subprotocol)) {}

    HTTPRequestHandler* createRequestHandler(const HTTPServerRequest&) override
    {
        return new Echo(subprotocol_);
    }

private:
    std::string subprotocol_;
};

} // namespace

int main(int, char** arguments)
{
    ServerSocket socket(SocketAddress("127.0.0.1", 0));
    HTTPServer server(new Factory(arguments[1]), socket, new HTTPServerParams);
    server.start();
    std::cout << "READY " << socket.address().port() << std::endl;
    std::cin.get(); // until the test closes the pipe
    server.stop();
}
