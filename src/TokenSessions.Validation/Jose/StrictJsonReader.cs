using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Unicode;

namespace TokenSessions.Validation.Jose;

/// <summary>
/// Reads one strict JSON object (RFC 8259) front to back: valid UTF-8, no duplicate names at any depth, no lone surrogates, nothing
/// after it, at most <see cref="StrictJson.MaxDepth"/> levels. Whatever breaks this ends the reading.
/// </summary>
/// <remarks>
/// The platform's reader says so by exceptions, knows no duplicates and lets lone surrogates pass: too slow for whatever anybody
/// may send, and a second pass for the rest. Usage: <see cref="TryOpen"/>; then for each <see cref="NextMember"/> exactly one value
/// is read, entered or skipped; then <see cref="IsComplete"/>, without which nothing that was read counts.
/// </remarks>
internal ref struct StrictJsonReader
{
    private const int NamesWithin = 32;

    private static readonly SearchValues<byte> EndsPlainText = SearchValues.Create(
        [(byte)'"', (byte)'\\', .. Enumerable.Range(0, 0x20).Select(control => (byte)control)]);

    private readonly ReadOnlySpan<byte> _json;
    private readonly Span<byte> _space;
    private FewNames _fewNames;
    private Name[]? _manyNames;
    private FirstNames _firstOfObject;
    private int _nameCount;
    private int _namesLeft;
    private int _spaceUsed;
    private int _at;
    private int _depth;
    private bool _isFirst;
    private bool _hasFailed;

    /// <param name="json">The document.</param>
    /// <param name="space">Room for names and texts written with escapes: as long as the document if it has a backslash.</param>
    /// <param name="maxNames">The most names at all depths together: to find duplicates, each is compared with those before it.</param>
    public StrictJsonReader(ReadOnlySpan<byte> json, Span<byte> space, int maxNames = int.MaxValue)
    {
        _json = json;
        _space = space;
        _namesLeft = maxNames;
    }

    /// <summary>True once the object has been read to its end, and nothing but white space follows it.</summary>
    public bool IsComplete
    {
        get
        {
            PassWhiteSpace();
            return !_hasFailed && _depth == 0 && _at == _json.Length;
        }
    }

    /// <summary>Starts with the document's object.</summary>
    public bool TryOpen() => (Utf8.IsValid(_json) || Fail()) && TryEnter((byte)'{');

    /// <summary>The next name of the object entered last, unescaped. False at the object's end, which is then left.</summary>
    public bool NextMember(out ReadOnlySpan<byte> name)
    {
        name = default;
        if (!Next((byte)'}') || !TryPassText(out var start, out var length, out var isEscaped))
        {
            return false;
        }

        PassWhiteSpace();
        if (Peek() != ':' || _namesLeft-- == 0)
        {
            return Fail();
        }

        _at++;
        name = isEscaped ? Unescape(start, length) : _json.Slice(start, length);
        return TryAddName(name, isEscaped ? ~(_spaceUsed - name.Length) : start) || Fail();
    }

    /// <summary>Whether the array entered last has one more value. At its end it is left.</summary>
    public bool NextElement() => Next((byte)']');

    public bool TryEnterObject() => TryEnter((byte)'{');

    public bool TryEnterArray() => TryEnter((byte)'[');

    /// <summary>Whether the next value is a text.</summary>
    public bool IsAtText()
    {
        PassWhiteSpace();
        return Peek() == '"';
    }

    /// <summary>Reads a text, unescaped, in UTF-8.</summary>
    public bool TryReadText(out ReadOnlySpan<byte> text)
    {
        text = default;
        if (!IsAtText())
        {
            return Fail();
        }

        if (!TryPassText(out var start, out var length, out var isEscaped))
        {
            return false;
        }

        text = isEscaped ? Unescape(start, length) : _json.Slice(start, length);
        return true;
    }

    /// <summary>Reads a whole number: no fraction, no exponent, within 64 bits.</summary>
    public bool TryReadInteger(out long value)
    {
        PassWhiteSpace();
        var start = _at;
        value = 0;
        return (TryPassNumber()
            && long.TryParse(_json[start.._at], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value)) || Fail();
    }

    /// <summary>Passes one value of any kind.</summary>
    public bool TrySkip()
    {
        PassWhiteSpace();
        switch (Peek())
        {
            case '"':
                return TryPassText(out _, out _, out _);

            case '{':
                return TryEnterObject() && TrySkipMembers();

            case '[':
                return TryEnterArray() && TrySkipElements();

            case 't':
                return TryPass("true"u8);

            case 'f':
                return TryPass("false"u8);

            case 'n':
                return TryPass("null"u8);

            default:
                return TryPassNumber();
        }
    }

    private bool TrySkipMembers()
    {
        while (NextMember(out _))
        {
            if (!TrySkip())
            {
                return false;
            }
        }

        return !_hasFailed;
    }

    private bool TrySkipElements()
    {
        while (NextElement())
        {
            if (!TrySkip())
            {
                return false;
            }
        }

        return !_hasFailed;
    }

    private bool Fail()
    {
        _hasFailed = true;
        return false;
    }

    private readonly int Peek() => _at < _json.Length ? _json[_at] : -1;

    private void PassWhiteSpace()
    {
        while (_at < _json.Length && _json[_at] is (byte)' ' or (byte)'\t' or (byte)'\n' or (byte)'\r')
        {
            _at++;
        }
    }

    private bool TryEnter(byte opening)
    {
        PassWhiteSpace();
        if (Peek() != opening || _depth == StrictJson.MaxDepth)
        {
            return Fail();
        }

        _firstOfObject[_depth++] = _nameCount;
        _at++;
        return _isFirst = true;
    }

    /// <summary>Passes a comma, if one is due, up to the next entry of what was entered last; or leaves it at its end.</summary>
    private bool Next(byte closing)
    {
        if (_hasFailed)
        {
            return false;
        }

        PassWhiteSpace();
        if (Peek() == closing)
        {
            _at++;
            _nameCount = _firstOfObject[--_depth];
            return _isFirst = false;
        }

        if (!_isFirst)
        {
            if (Peek() != ',')
            {
                return Fail();
            }

            _at++;
            PassWhiteSpace();
        }

        _isFirst = false;
        return (closing != '}' || Peek() == '"') || Fail();
    }

    private bool TryPass(ReadOnlySpan<byte> literal)
    {
        if (!_json[_at..].StartsWith(literal))
        {
            return Fail();
        }

        _at += literal.Length;
        return true;
    }

    private bool TryPassNumber()
    {
        _at += Peek() == '-' ? 1 : 0;
        if (Peek() == '0')
        {
            _at++;
        }
        else if (!TryPassDigits())
        {
            return false;
        }

        if (Peek() == '.')
        {
            _at++;
            if (!TryPassDigits())
            {
                return false;
            }
        }

        if (Peek() is 'e' or 'E')
        {
            _at++;
            _at += Peek() is '+' or '-' ? 1 : 0;
            return TryPassDigits();
        }

        return true;
    }

    private bool TryPassDigits()
    {
        var start = _at;
        while (_at < _json.Length && char.IsAsciiDigit((char)_json[_at]))
        {
            _at++;
        }

        return _at > start || Fail();
    }

    /// <summary>Passes a text whose quote is next.</summary>
    private bool TryPassText(out int start, out int length, out bool isEscaped)
    {
        (start, length, isEscaped) = (++_at, 0, false);
        while (true)
        {
            var plain = _json[_at..].IndexOfAny(EndsPlainText);
            if (plain < 0)
            {
                return Fail();
            }

            _at += plain;
            if (_json[_at] == '"')
            {
                length = _at++ - start;
                return true;
            }

            if (_json[_at] != '\\' || !TryPassEscape())
            {
                return Fail();
            }

            isEscaped = true;
        }
    }

    /// <summary>Passes one escape; a high surrogate together with the low one that must follow it.</summary>
    private bool TryPassEscape()
    {
        if (_at + 1 < _json.Length && _json[_at + 1] is (byte)'"' or (byte)'\\' or (byte)'/' or (byte)'b' or (byte)'f' or (byte)'n' or (byte)'r' or (byte)'t')
        {
            _at += 2;
            return true;
        }

        if (!TryPassUnit(out var unit) || char.IsLowSurrogate(unit))
        {
            return false;
        }

        return !char.IsHighSurrogate(unit) || (TryPassUnit(out var low) && char.IsLowSurrogate(low));
    }

    private bool TryPassUnit(out char unit)
    {
        var isUnit = _json.Length - _at >= 6 && _json[_at] == '\\' && _json[_at + 1] == 'u' && IsHex(_json.Slice(_at + 2, 4));
        unit = isUnit ? UnitAt(_at) : default;
        _at += isUnit ? 6 : 0;
        return isUnit;
    }

    private static bool IsHex(ReadOnlySpan<byte> digits)
    {
        foreach (var digit in digits)
        {
            if (!char.IsAsciiHexDigit((char)digit))
            {
                return false;
            }
        }

        return true;
    }

    private readonly char UnitAt(int at) =>
        (char)ushort.Parse(_json.Slice(at + 2, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    /// <summary>Writes a text without its escapes, which have been checked, into the space; that never lengthens it.</summary>
    private ReadOnlySpan<byte> Unescape(int start, int length)
    {
        var begin = _spaceUsed;
        for (var at = start; at < start + length;)
        {
            if (_json[at] != '\\')
            {
                _space[_spaceUsed++] = _json[at++];
            }
            else if (_json[at + 1] == 'u')
            {
                var unit = UnitAt(at);
                var rune = char.IsHighSurrogate(unit) ? new Rune(unit, UnitAt(at + 6)) : new Rune(unit);
                _spaceUsed += rune.EncodeToUtf8(_space[_spaceUsed..]);
                at += 6 * rune.Utf16SequenceLength;
            }
            else
            {
                _space[_spaceUsed++] = _json[at + 1] switch
                {
                    (byte)'b' => (byte)'\b',
                    (byte)'f' => (byte)'\f',
                    (byte)'n' => (byte)'\n',
                    (byte)'r' => (byte)'\r',
                    (byte)'t' => (byte)'\t',
                    var itself => itself,
                };
                at += 2;
            }
        }

        return _space[begin.._spaceUsed];
    }

    private bool TryAddName(scoped ReadOnlySpan<byte> name, int start)
    {
        var added = new Name(Head(name), start, name.Length);
        Span<Name> names = _manyNames is null ? _fewNames : _manyNames;
        foreach (var other in names[_firstOfObject[_depth - 1].._nameCount])
        {
            if (other.Head == added.Head && other.Length == added.Length && Text(other).SequenceEqual(name))
            {
                return false;
            }
        }

        if (_nameCount == names.Length)
        {
            _manyNames = new Name[names.Length * 2];
            names.CopyTo(_manyNames);
            names = _manyNames;
        }

        names[_nameCount++] = added;
        return true;
    }

    private readonly ReadOnlySpan<byte> Text(Name name) =>
        name.Start < 0 ? _space.Slice(~name.Start, name.Length) : _json.Slice(name.Start, name.Length);

    /// <summary>The first 8 bytes in one number: names that differ mostly differ here.</summary>
    private static ulong Head(ReadOnlySpan<byte> name)
    {
        if (name.Length >= sizeof(ulong))
        {
            return BinaryPrimitives.ReadUInt64LittleEndian(name);
        }

        var head = 0UL;
        foreach (var letter in name)
        {
            head = (head << 8) | letter;
        }

        return head;
    }

    /// <summary>Where a name stands: in the document, or, complemented, in the space.</summary>
    private readonly record struct Name(ulong Head, int Start, int Length);

    [InlineArray(NamesWithin)]
    private struct FewNames
    {
        private Name _first;
    }

    /// <summary>By depth, how many names were open when it was entered.</summary>
    [InlineArray(StrictJson.MaxDepth)]
    private struct FirstNames
    {
        private int _first;
    }
}
