using System.Text;
using System.Text.Json;
using TokenSessions.Tests.Validation;

namespace TokenSessions.Tests.Fuzzing;

/// <summary>Changes a JSON document in any object or array of it, and sometimes its bytes.</summary>
/// <param name="values">For every name that means something, values worth a try, as they are written.</param>
internal sealed class DocumentMutator(IReadOnlyDictionary<string, string[]> values)
{
    private static readonly string[] OddElements =
        ["null", "1", "\"a\"", "[]", "{}", "[[]]", "[{}]", "true", "\"\\ud800\"", "{\"\\ud800\":1}", "-1", "1e400", "", ","];

    /// <param name="random">Decides.</param>
    /// <param name="document">Strict JSON; not changed.</param>
    public byte[] Mutate(Random random, byte[] document)
    {
        for (var steps = random.Next(5) switch { 0 => 3, 1 => 2, _ => 1 }; steps > 0 && Containers(document) is { Count: > 0 } containers; steps--)
        {
            var (start, end, isObject) = containers[random.Next(containers.Count)];
            var parts = Parts(document, start);
            var changed = isObject ? ChangeObject(random, parts) : ChangeArray(random, [.. parts.Select(part => part.Value)]);
            document = [.. document.AsSpan(0, start), .. changed, .. document.AsSpan(end)];
        }

        return random.Next(12) == 0 ? ByteMutator.Mutate(random, document) : document;
    }

    private byte[] ChangeObject(Random random, List<RawMember> members) =>
        members.Count == 0 ? "{\"a\":1}"u8.ToArray() : new JsonMutator(random, values).Mutate(members);

    private static byte[] ChangeArray(Random random, List<string> elements)
    {
        var at = random.Next(elements.Count + 1);
        switch (random.Next(8))
        {
            case 0 when at < elements.Count:
                elements.RemoveAt(at);
                break;
            case 1 when at < elements.Count:
                elements.Insert(at, elements[at]);
                break;
            case 2:
                elements.Reverse();
                break;
            case 3:
                elements.Clear();
                break;
            case 4: // Few at most of them, and once in a while more than any list may have.
                elements.InsertRange(at, Enumerable.Repeat(at < elements.Count ? elements[at] : "{}", random.Next(12)));
                break;
            case 5 when random.Next(20) == 0:
                elements.InsertRange(at, Enumerable.Repeat(OddElements[random.Next(7)], random.Next(20_000)));
                break;
            default:
                elements.Insert(at, OddElements[random.Next(OddElements.Length)]);
                break;
        }

        return Encoding.UTF8.GetBytes($"[{string.Join(',', elements)}]");
    }

    /// <summary>Where every object and array begins and ends; none if this is no JSON any more.</summary>
    private static List<(int Start, int End, bool IsObject)> Containers(byte[] document)
    {
        var (containers, open) = (new List<(int, int, bool)>(), new Stack<int>());
        var reader = new Utf8JsonReader(document);
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
                {
                    open.Push((int)reader.TokenStartIndex);
                }
                else if (reader.TokenType is JsonTokenType.EndObject or JsonTokenType.EndArray)
                {
                    containers.Add((open.Pop(), (int)reader.BytesConsumed, reader.TokenType == JsonTokenType.EndObject));
                }
            }
        }
        catch (JsonException)
        {
            return [];
        }

        return containers;
    }

    /// <summary>The members or elements of the container that begins there, as they are written.</summary>
    private static List<RawMember> Parts(byte[] document, int start)
    {
        var (parts, name) = (new List<RawMember>(), "");
        var reader = new Utf8JsonReader(document.AsSpan(start));
        reader.Read();
        while (reader.Read() && reader.TokenType is not (JsonTokenType.EndObject or JsonTokenType.EndArray))
        {
            var at = (int)reader.TokenStartIndex;
            if (reader.TokenType == JsonTokenType.PropertyName)
            {
                name = $"\"{Encoding.UTF8.GetString(reader.ValueSpan)}\"";
                continue;
            }

            reader.Skip();
            parts.Add(new(name, Encoding.UTF8.GetString(document.AsSpan(start + at, (int)reader.BytesConsumed - at))));
        }

        return parts;
    }
}
