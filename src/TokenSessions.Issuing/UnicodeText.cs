using System.Text;

namespace TokenSessions.Issuing;

/// <summary>Text whose UTF-8 is its own: two that differ only in half of a surrogate pair would encode alike, and so share a rule.</summary>
internal static class UnicodeText
{
    /// <summary>Whether every surrogate has its other half.</summary>
    public static bool IsWellFormed(string text)
    {
        for (var i = 0; i < text.Length;)
        {
            if (!Rune.TryGetRuneAt(text, i, out var rune))
            {
                return false;
            }

            i += rune.Utf16SequenceLength;
        }

        return true;
    }
}
