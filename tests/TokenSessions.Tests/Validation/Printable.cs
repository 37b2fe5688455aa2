using System.Text;

namespace TokenSessions.Tests.Validation;

/// <summary>Bytes as text that a person can read and a terminal can bear.</summary>
internal static class Printable
{
    public static string Of(byte[] bytes)
    {
        var text = new StringBuilder();
        foreach (var one in bytes)
        {
            text.Append(one is >= 0x20 and < 0x7F ? $"{(char)one}" : $"<{one:X2}>");
        }

        return text.ToString();
    }
}
