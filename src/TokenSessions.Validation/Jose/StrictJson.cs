using System.Diagnostics;
using System.Text.Json;
using System.Text.Unicode;

namespace TokenSessions.Validation.Jose;

/// <summary>The JSON a token may be made of: one meaning only, whichever parser reads it.</summary>
public static class StrictJson
{
    /// <summary>The deepest nesting accepted.</summary>
    public const int MaxDepth = 16;

    private const int NamesOnStack = 32;

    private static readonly JsonReaderOptions Options = new() { MaxDepth = MaxDepth };

    /// <summary>A reader for a document that <see cref="IsObject(ReadOnlySpan{byte})"/> accepted: on such a one it cannot throw.</summary>
    /// <param name="utf8">The document.</param>
    public static Utf8JsonReader Reader(ReadOnlySpan<byte> utf8) => new(utf8, Options);

    /// <summary>
    /// Whether this is one JSON object (RFC 8259) in valid UTF-8, with no duplicate names at any depth, no lone surrogates,
    /// nothing after it, and at most <see cref="MaxDepth"/> levels.
    /// </summary>
    /// <param name="utf8">Any bytes.</param>
    public static bool IsObject(ReadOnlySpan<byte> utf8) => IsObject(utf8, int.MaxValue);

    /// <inheritdoc cref="IsObject(ReadOnlySpan{byte})"/>
    /// <param name="utf8">Any bytes.</param>
    /// <param name="maxNames">The most names at all depths together: to find duplicates, each is compared with those before it.</param>
    internal static bool IsObject(ReadOnlySpan<byte> utf8, int maxNames)
    {
        if (!Utf8.IsValid(utf8))
        {
            return false;
        }

        try
        {
            return IsObjectOrThrows(utf8, maxNames);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static bool IsObjectOrThrows(ReadOnlySpan<byte> utf8, int maxNames)
    {
        var reader = Reader(utf8);
        var names = new Names(utf8, stackalloc Name[NamesOnStack]);
        Span<int> firstOfObject = stackalloc int[MaxDepth + 1];
        var namesLeft = maxNames;

        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return false;
        }

        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.StartObject:
                    firstOfObject[reader.CurrentDepth] = names.Count;
                    break;

                case JsonTokenType.EndObject:
                    names.CutTo(firstOfObject[reader.CurrentDepth]);
                    break;

                case JsonTokenType.PropertyName:
                    // The names of an object stand at its depth; the reader counts a name's depth as one more.
                    if (namesLeft-- == 0 || HasLoneSurrogate(reader) || !names.TryAdd(in reader, firstOfObject[reader.CurrentDepth - 1]))
                    {
                        return false;
                    }

                    break;

                case JsonTokenType.String when HasLoneSurrogate(reader):
                    return false;
            }
        }

        return true; // The reader itself throws at anything but white space after the object.
    }

    /// <summary>An escape such as <c>\ud800</c> without its other half: JSON grammar allows it, no string can hold it.</summary>
    private static bool HasLoneSurrogate(in Utf8JsonReader reader)
    {
        if (!reader.ValueIsEscaped)
        {
            return false;
        }

        var text = reader.ValueSpan;
        var expectsLow = false;
        for (var i = 0; i < text.Length; i++)
        {
            var unit = text[i] != '\\' ? 0 : text[++i] != 'u' ? 0 : HexUnit(text, ref i);
            if (char.IsLowSurrogate((char)unit) != expectsLow)
            {
                return true;
            }

            expectsLow = char.IsHighSurrogate((char)unit);
        }

        return expectsLow;
    }

    private static int HexUnit(ReadOnlySpan<byte> text, ref int index)
    {
        var unit = 0;
        for (var digits = 0; digits < 4; digits++)
        {
            var digit = text[++index];
            unit = (unit << 4) | (digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10);
        }

        return unit;
    }

    /// <summary>Where a name stands: in the document, or, if it was written with escapes, decoded.</summary>
    private readonly record struct Name(int Start, int Length, bool IsDecoded);

    /// <summary>The names of all objects that are open, innermost last.</summary>
    private ref struct Names(ReadOnlySpan<byte> document, Span<Name> space)
    {
        private readonly ReadOnlySpan<byte> _document = document;
        private Span<Name> _names = space;
        private byte[] _decoded = [];
        private int _decodedLength;

        public int Count { get; private set; }

        public void CutTo(int count) => Count = count;

        public bool TryAdd(scoped in Utf8JsonReader reader, int firstOfObject)
        {
            foreach (var name in _names[firstOfObject..Count])
            {
                if (reader.ValueTextEquals(Text(name)))
                {
                    return false;
                }
            }

            if (Count == _names.Length)
            {
                var larger = new Name[_names.Length * 2];
                _names.CopyTo(larger);
                _names = larger;
            }

            _names[Count++] = reader.ValueIsEscaped ? Decode(in reader) : InDocument(in reader);
            return true;
        }

        private readonly ReadOnlySpan<byte> Text(Name name) =>
            name.IsDecoded ? _decoded.AsSpan(name.Start, name.Length) : _document.Slice(name.Start, name.Length);

        private static Name InDocument(scoped in Utf8JsonReader reader)
        {
            Debug.Assert(!reader.HasValueSequence, "The document is one span.");
            return new((int)reader.TokenStartIndex + 1, reader.ValueSpan.Length, IsDecoded: false); // After the quote.
        }

        private Name Decode(scoped in Utf8JsonReader reader)
        {
            if (_decoded.Length == 0)
            {
                _decoded = new byte[_document.Length]; // Decoding never lengthens, so all names together fit.
            }

            var written = reader.CopyString(_decoded.AsSpan(_decodedLength));
            var name = new Name(_decodedLength, written, IsDecoded: true);
            _decodedLength += written;
            return name;
        }
    }
}
