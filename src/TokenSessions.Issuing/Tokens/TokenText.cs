using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics;
using System.Text;

namespace TokenSessions.Issuing.Tokens;

/// <summary>A token while it is written: ASCII in one pooled buffer, which is cleared before anybody else gets it.</summary>
/// <remarks>Spans of it are good until the next call that adds something.</remarks>
internal sealed class TokenText : IBufferWriter<byte>, IDisposable
{
    private const int FirstLength = 4096; // A usual token fits, and so does what the JSON writer asks for at once.

    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(FirstLength);

    public int Length { get; private set; }

    public Span<byte> Written => _bytes.AsSpan(0, Length);

    public void Append(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(GetSpan(bytes.Length));
        Length += bytes.Length;
    }

    /// <summary>Adds text that is ASCII.</summary>
    public void Append(string text) => Length += Encoding.ASCII.GetBytes(text, GetSpan(text.Length));

    /// <summary>Turns everything from <paramref name="start"/> on into base64url, in place.</summary>
    public void EncodeFrom(int start)
    {
        var length = Length - start;
        GetSpan(Base64Url.GetEncodedLength(length) - length);
        var isEncoded = Base64Url.TryEncodeToUtf8InPlace(_bytes.AsSpan(start), length, out var encodedLength);
        Debug.Assert(isEncoded, "There is room.");
        Length = start + encodedLength;
    }

    public void Advance(int count) => Length += count;

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        GrowBy(Math.Max(sizeHint, 1));
        return _bytes.AsSpan(Length);
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        GrowBy(Math.Max(sizeHint, 1));
        return _bytes.AsMemory(Length);
    }

    public override string ToString() => Encoding.ASCII.GetString(Written);

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_bytes, clearArray: true);
        (_bytes, Length) = ([], 0);
    }

    private void GrowBy(int room)
    {
        if (_bytes.Length - Length >= room)
        {
            return;
        }

        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(checked(Length + room), _bytes.Length * 2));
        Written.CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_bytes, clearArray: true);
        _bytes = larger;
    }
}
