using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using TokenSessions.Benchmarks.Traffic;

namespace TokenSessions.Benchmarks.Bearer;

/// <summary>Requests with bad tokens, of four kinds in turn, every one of them new: nothing can be remembered that helps.</summary>
/// <remarks>A request is made in place: a client that collected 30 KB of garbage for each would disturb what it measures.</remarks>
internal sealed class HostileRequests
{
    /// <summary>For the caption of a table; equal parts.</summary>
    public const string Kinds = "good tokens with another signature, unknown `kid`s, tokens of 30 KB, and random characters";

    private const int KeyIdLength = 43;
    private const int LongLength = 30 * 1024;
    private const int GarbageLength = 400;

    private readonly (byte[] Request, Action<byte[]> Renew)[] _kinds;
    private int _at;

    /// <param name="path">What is asked for.</param>
    /// <param name="token">A good token.</param>
    public HostileRequests(string path, string token)
    {
        var parts = token.Split('.');
        var start = Connection.Get(path, "").AsSpan().IndexOf("Bearer "u8) + "Bearer ".Length;
        var signature = start + parts[0].Length + parts[1].Length + 2;
        var header = Header(new byte[KeyIdLength]);
        _kinds =
        [
            // Not its last character, which has two bits that must be 0.
            (Connection.Get(path, token), request => Randomize(request.AsSpan(signature, parts[2].Length - 1))),
            (Connection.Get(path, $"{header}.{parts[1]}.{parts[2]}"), request =>
            {
                var keyId = new byte[KeyIdLength];
                Randomize(keyId);
                Encoding.ASCII.GetBytes(Header(keyId), request.AsSpan(start));
            }),
            (Connection.Get(path, new string('A', LongLength)), request => Randomize(request.AsSpan(start, GarbageLength))),
            (Connection.Get(path, new string('A', GarbageLength)), request => Randomize(request.AsSpan(start, GarbageLength))),
        ];
    }

    /// <summary>The next one, until it is asked for the one after: for one connection only.</summary>
    public byte[] Next()
    {
        var (request, renew) = _kinds[_at++ % _kinds.Length];
        renew(request);
        return request;
    }

    private static string Header(byte[] keyId) =>
        Base64Url.EncodeToString(Encoding.ASCII.GetBytes($$"""{"alg":"ES256","kid":"{{Encoding.ASCII.GetString(keyId)}}","typ":"at+jwt"}"""));

    private static void Randomize(Span<byte> characters) =>
        RandomNumberGenerator.GetItems("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"u8, characters);
}
