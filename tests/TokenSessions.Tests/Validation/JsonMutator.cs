using System.Text;

namespace TokenSessions.Tests.Validation;

/// <summary>One member of a JSON object as it is written: the name with its quotes, and the value.</summary>
internal readonly record struct RawMember(string Name, string Value);

/// <summary>Changes a JSON object, member by member and then as bytes.</summary>
/// <param name="random">Decides.</param>
/// <param name="values">For every name that means something, values worth a try, as they are written.</param>
internal sealed class JsonMutator(Random random, IReadOnlyDictionary<string, string[]> values)
{
    private static readonly string[] OddValues =
    [
        "\"a\"", "\"b c\"", "[true,{\"y\":[null]}]", "{\"y\":{\"z\":0.25}}", "null", "true", "false", "\"\"", "[]", "{}", "1", "-1", "0", "-0", "1.0", "1e3", "1E+2", "01", "-", "+1", ".5", "1.", "0x1", "NaN",
        "9223372036854775807", "9223372036854775808", "18446744073709551617", "1e400", "253402300799", "253402300800", "1_0",
        "\"1763640000\"", "\"\\ud800\"", "\"\\udc00\\ud800\"", "\"\\ud83d\\ude00\"", "\"\\uD83D\\uDE00\"", "\"\\ud800\\ud800\\udc00\"",
        "\"\\ud800\\n\"", "\"\\\\ud800\"", "\"\\\\\\ud800\"", "\"😀\"", "\"\u0000\"", "\"\\u0000\"", "\"\u001f\"", "\"\u007f\"",
        "\"\\x\"", "\"\\u12\"", "\"\\u12G4\"", "'x'", "\"a\tb\"", "\"\\t\\/\\b\\f\\r\\\"\"", "[1,]", "[,1]", "[1 2]", "{\"a\":1,}", "{\"a\"}", "{a:1}",
        "{\"a\":1,\"a\":2}", "{\"a\":1,\"\\u0061\":2}", "{\"\\u0061\":1,\"\\u0061\":2}", "{\"a\":{\"a\":1},\"b\":{\"a\":1}}",
        "[{\"a\":1},{\"a\":1}]", "[{\"b\":[{\"a\":1,\"c\":[],\"a\":2}]}]", "{\"\":1}", "{\"\":1,\"\":2}", "{\"\\ud800\":1}",
        "{\"\\ud83d\\ude00\":1,\"😀\":2}", "{\"A\":1,\"a\":2}", "{\"é\":1,\"e\u0301\":2}", "{\"\\n\":1,\"\\u000a\":2}", "{\"\\/\":1,\"/\":2}",
        "/**/1", "1//\n", "tru", "nul", "TRUE", "\"open", "\"\u2028\"", "\"\uFEFF\"", "undefined", "[\"a\",\"b\"]", "[[\"a\"]]", "[\"a\",1]",
    ];

    private static readonly byte[][] BadBytes =
    [
        [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xED, 0xB0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82], [0x80], [0xC3], [0xF8], [0xF0, 0x9F, 0x98],
        [0xC1, 0xBF], [0xE0, 0x80, 0x80], [0xEF, 0xBB, 0xBF], [0xC2, 0xA0], [0x00], [0x0B], [0x0C], [0x1F], [0xE2, 0x80, 0xA8], [0xEF, 0xBF, 0xBD],
    ];

    private static readonly string[] Spaces = [" ", "\n", "\r\n", "\t", "   ", "\u00A0", "\v", "\f", "\u2028", "\uFEFF", "/**/", "//\n", ",", "#"];

    private static readonly string[] Tails = ["x", "{}", ",", "}", " ", "\n\n", "\0", "//", "/**/", "null", "\uFEFF", "]", "1"];

    /// <returns>The bytes of the changed object.</returns>
    public byte[] Mutate(List<RawMember> members)
    {
        var space = "";
        for (var steps = random.Next(8) switch { 0 => 3, 1 or 2 => 2, _ => 1 }; steps > 0; steps--)
        {
            switch (random.Next(24))
            {
                case < 12:
                    Set(members);
                    break;
                case 12:
                    members.RemoveAt(random.Next(members.Count));
                    break;
                case 13:
                    Duplicate(members);
                    break;
                case 14 or 15:
                    EscapeOne(members);
                    break;
                case 16 or 17:
                    Insert(members, new($"\"{NewName()}\"", random.Next(3) == 0 ? Nested(random.Next(13, 18)) : Odd()));
                    break;
                case 18:
                    AddMany(members);
                    break;
                case 19:
                    Swap(members);
                    break;
                case 20:
                    space = random.Next(3) == 0 ? Spaces[random.Next(Spaces.Length)] : Spaces[random.Next(4)];
                    break;
                case 21:
                    Insert(members, new(Odd(), Odd()));
                    break;
                default:
                    Replace(members, member => member with { Value = Odd() });
                    break;
            }

            if (members.Count == 0)
            {
                break;
            }
        }

        return AsBytes(members, space);
    }

    private string Odd() => OddValues[random.Next(OddValues.Length)];

    private string NewName() => random.Next(4) switch { 0 => "x", 1 => "X", 2 => $"n{random.Next(5)}", _ => "custom" };

    private void Insert(List<RawMember> members, RawMember member) => members.Insert(random.Next(members.Count + 1), member);

    private void Replace(List<RawMember> members, Func<RawMember, RawMember> change)
    {
        var at = random.Next(members.Count);
        members[at] = change(members[at]);
    }

    /// <summary>Gives one of the names that mean something a value worth a try.</summary>
    private void Set(List<RawMember> members)
    {
        var (name, candidates) = values.ElementAt(random.Next(values.Count));
        var member = new RawMember($"\"{name}\"", candidates[random.Next(candidates.Length)]);
        var at = members.FindIndex(known => known.Name == member.Name);
        if (at >= 0)
        {
            members[at] = member;
        }
        else
        {
            Insert(members, member);
        }
    }

    private void Duplicate(List<RawMember> members)
    {
        var member = members[random.Next(members.Count)];
        var name = random.Next(2) == 0 ? Escape(member.Name) : member.Name;
        Insert(members, new(name, random.Next(2) == 0 ? member.Value : Odd()));
    }

    private void EscapeOne(List<RawMember> members) => Replace(members, member =>
        random.Next(2) == 0 ? member with { Name = Escape(member.Name) } : member with { Value = Escape(member.Value) });

    /// <summary>Writes some characters of what stands between the first two quotes as escapes: the same text.</summary>
    private string Escape(string text)
    {
        var open = text.IndexOf('"', StringComparison.Ordinal);
        var close = open < 0 ? -1 : text.IndexOf('"', open + 1);
        if (close < 0 || text.Contains('\\', StringComparison.Ordinal))
        {
            return text;
        }

        var every = random.Next(1, 5);
        var escaped = new StringBuilder(text[..(open + 1)]);
        foreach (var character in text[(open + 1)..close])
        {
            if (random.Next(every) == 0)
            {
                escaped.Append(character == '/' ? "\\/" : random.Next(2) == 0 ? $"\\u{(int)character:x4}" : $"\\u{(int)character:X4}");
            }
            else
            {
                escaped.Append(character);
            }
        }

        return escaped.Append(text[close..]).ToString();
    }

    /// <summary>About as many names as are counted, or held without a larger table; sometimes the last one is there already.</summary>
    private void AddMany(List<RawMember> members)
    {
        int[] counts = [11, 12, 13, 14, 24, 32, 33, 40, 70];
        var (count, isInside) = (counts[random.Next(counts.Length)], random.Next(3) == 0);
        var many = Enumerable.Range(0, count).Select(i => new RawMember(random.Next(9) == 0 ? $"\"\\u006d{i}\"" : $"\"m{i}\"", "0")).ToList();
        if (random.Next(3) == 0)
        {
            many.Add(many[random.Next(many.Count)] with { Value = "1" });
        }

        if (isInside)
        {
            Insert(members, new("\"in\"", $"{{{string.Join(',', many.Select(member => $"{member.Name}:{member.Value}"))}}}"));
        }
        else
        {
            members.InsertRange(random.Next(members.Count + 1), many);
        }
    }

    private void Swap(List<RawMember> members)
    {
        var (a, b) = (random.Next(members.Count), random.Next(members.Count));
        (members[a], members[b]) = (members[b], members[a]);
    }

    private string Nested(int depth)
    {
        var kind = random.Next(3);
        var text = random.Next(2) == 0 ? "1" : "";
        for (var level = 0; level < depth; level++)
        {
            var isObject = kind == 0 || (kind == 1 && level % 2 == 0);
            text = isObject ? $"{{\"a\":{(text.Length == 0 ? "0" : text)}}}" : $"[{text}]";
        }

        return text;
    }

    private byte[] AsBytes(List<RawMember> members, string space)
    {
        var text = $"{{{space}{string.Join($"{space},{space}", members.Select(member => $"{member.Name}{space}:{space}{member.Value}"))}{space}}}{space}";
        var bytes = new List<byte>(Encoding.UTF8.GetBytes(random.Next(80) switch
        {
            0 => text + Tails[random.Next(Tails.Length)],
            1 => Tails[random.Next(Tails.Length)] + text,
            2 => $"[{text}]",
            3 => text[..random.Next(text.Length)],
            _ => text,
        }));

        var at = random.Next(bytes.Count + 1);
        switch (random.Next(100))
        {
            case 0 or 1:
                bytes.InsertRange(at, BadBytes[random.Next(BadBytes.Length)]);
                break;
            case 2 when at < bytes.Count:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 3 when at < bytes.Count:
                bytes.RemoveAt(at);
                break;
            case 4:
                bytes.Insert(at, (byte)random.Next(256));
                break;
            case 5 when at < bytes.Count:
                bytes.Insert(at, bytes[at]);
                break;
        }

        return [.. bytes];
    }
}
