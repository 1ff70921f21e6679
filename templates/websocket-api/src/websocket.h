// A WebSocket of the browser, or of Node, as a C++ object.
#pragma once

#include <emscripten/websocket.h>

#include <functional>
#include <string>
#include <string_view>

/// A connection whose every event arrives through a function, from the event loop.
///
/// Unlike a socket it keeps the messages apart, and it tells the server's close code and reason.
class WebSocket {
public:
    struct Events {
        std::function<void()> opened;
        std::function<void(std::string_view)> received;      // one whole message
        std::function<void(int, std::string_view)> closed;   // code and reason; always the last
    };

    explicit WebSocket(Events events) : events_{std::move(events)} {}
    WebSocket(const WebSocket&) = delete;
    WebSocket& operator=(const WebSocket&) = delete;
    ~WebSocket();

    /// Begins to connect. The server must select one of the subprotocols.
    ///
    /// Returns: false if there are no WebSockets here, or the URL is none.
    bool open(const std::string& url, const std::string& subprotocols);

    /// Sends a message.
    ///
    /// Returns: false if the connection is not open.
    bool send(const std::string& message);

    /// Begins to close; `closed` follows when the server agrees.
    void close(int code, const std::string& reason);

private:
    // The events' truth values are int in old releases and bool in new ones.
    using Bool = decltype(EmscriptenWebSocketCloseEvent::wasClean);

    static Bool on_open(int, const EmscriptenWebSocketOpenEvent*, void* self);
    static Bool on_message(int, const EmscriptenWebSocketMessageEvent* event, void* self);
    static Bool on_close(int, const EmscriptenWebSocketCloseEvent* event, void* self);

    Events events_;
    EMSCRIPTEN_WEBSOCKET_T socket_ = 0;
};
