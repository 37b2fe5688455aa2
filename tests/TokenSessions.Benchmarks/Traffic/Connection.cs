using System.Net;
using System.Net.Sockets;
using System.Text;

namespace TokenSessions.Benchmarks.Traffic;

/// <summary>
/// One HTTP/1.1 connection that is kept alive, with one request under way at most. As lean as can be, with blocking calls and
/// the bare minimum of reading: on a small machine the client competes with the server that it measures.
/// </summary>
internal sealed class Connection : IDisposable
{
    private const int BufferLength = 64 * 1024;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
    {
        NoDelay = true,
        ReceiveTimeout = (int)Limit.TotalMilliseconds,
        SendTimeout = (int)Limit.TotalMilliseconds,
    };

    private readonly byte[] _buffer = new byte[BufferLength];
    private Range _body;

    public Connection(Uri address) => _socket.Connect(IPAddress.Loopback, address.Port);

    /// <summary>The body of the last answer; of a chunked one, with the lines between its chunks.</summary>
    public ReadOnlySpan<byte> Body => _buffer.AsSpan(_body);

    /// <summary>The bytes of a GET request.</summary>
    public static byte[] Get(string path, string? token) => Encoding.ASCII.GetBytes(
        $"GET {path} HTTP/1.1\r\nHost: localhost\r\n{(token is null ? "" : $"Authorization: Bearer {token}\r\n")}\r\n");

    /// <summary>The bytes of a POST request.</summary>
    public static byte[] Post(string path, string contentType, string body) => Encoding.ASCII.GetBytes(
        $"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {contentType}\r\nContent-Length: {body.Length}\r\n\r\n{body}");

    public void Send(ReadOnlySpan<byte> request)
    {
        while (!request.IsEmpty)
        {
            request = request[_socket.Send(request)..];
        }
    }

    /// <summary>Waits for the whole answer.</summary>
    /// <returns>Its status code.</returns>
    public int Receive()
    {
        var received = 0;
        while (true)
        {
            var count = _socket.Receive(_buffer.AsSpan(received));
            received += count;
            var answer = _buffer.AsSpan(0, received);
            if (TryFindBody(answer, out _body))
            {
                return ((answer[9] - '0') * 100) + ((answer[10] - '0') * 10) + (answer[11] - '0');
            }

            if (count == 0 || received == _buffer.Length)
            {
                throw new InvalidOperationException($"No whole answer, but {Encoding.Latin1.GetString(answer)}");
            }
        }
    }

    public void Dispose() => _socket.Dispose();

    private static bool TryFindBody(ReadOnlySpan<byte> answer, out Range body)
    {
        body = default;
        var head = answer.IndexOf("\r\n\r\n"u8);
        if (head < 0)
        {
            return false;
        }

        var start = head + 4;
        var length = answer[..start].IndexOf("\r\nContent-Length: "u8);
        if (length < 0) // Chunked. Neither JSON nor our texts contain what ends the last chunk.
        {
            body = start..answer.Length;
            return answer[start..].EndsWith("0\r\n\r\n"u8);
        }

        var digits = answer[(length + 18)..start];
        body = start..(start + int.Parse(digits[..digits.IndexOf((byte)'\r')], provider: null));
        return answer.Length >= body.End.Value;
    }
}
