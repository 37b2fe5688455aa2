using System.Text;
using TokenSessions.Tests.Validation;

namespace TokenSessions.Tests.Fuzzing;

/// <summary>One place where the product reads what somebody else may have written.</summary>
internal interface IFuzzTarget : IAsyncDisposable
{
    /// <summary>Makes an input from a real one. The same randomness makes the same change.</summary>
    FuzzInput Next(Random random);

    /// <summary>Has the product read the input. Whatever it throws is a finding, so the documented refusal is caught in here.</summary>
    /// <returns>True if the input was taken, false if it was refused.</returns>
    /// <exception cref="FuzzFindingException">It was taken and should not have been, or not as it should.</exception>
    Task<bool> RunAsync(FuzzInput input);
}

/// <summary>A target, and what one execution of it may cost.</summary>
/// <param name="Name">As <c>TOKENSESSIONS_FUZZ_TARGET</c> and the table name it.</param>
/// <param name="Weight">How many executions it gets, beside other targets: the cheaper it is, the more.</param>
/// <param name="FixedAllocation">Bytes an execution may allocate whatever its input is.</param>
/// <param name="AllocationPerByte">And how many more for each byte of the input.</param>
/// <param name="Begin">Makes the target.</param>
internal sealed record FuzzTarget(
    string Name, int Weight, long FixedAllocation, int AllocationPerByte, Func<Task<IFuzzTarget>> Begin)
{
    /// <summary>
    /// Whether an execution goes on on other threads than the one that asked for it. Then the target runs alone, and whatever the
    /// process allocates counts.
    /// </summary>
    public bool GoesElsewhere { get; init; }
}

/// <summary>What is read: bytes, or text that need not be well-formed.</summary>
internal sealed record FuzzInput
{
    private FuzzInput(byte[] bytes, string? text) => (Bytes, Text) = (bytes, text ?? Encoding.UTF8.GetString(bytes));

    public byte[] Bytes { get; }

    public string Text { get; }

    /// <summary>What else makes this input, in the words of its target.</summary>
    public string Variant { get; init; } = "";

    public static FuzzInput Of(byte[] bytes) => new(bytes, null);

    public static FuzzInput Of(string text) => new(Encoding.UTF8.GetBytes(text), text);

    /// <summary>For a person and a terminal. Test keys only, so all of it may be printed.</summary>
    public override string ToString() => Variant.Length > 0 ? $"{Variant} {Printable.Of(Bytes)}" : Printable.Of(Bytes);
}

/// <summary>Something was believed that nobody with the key has made, or was not the same when it was written and read again.</summary>
internal sealed class FuzzFindingException(string message) : Exception(message)
{
    public static void ThrowUnless(bool holds, string message)
    {
        if (!holds)
        {
            throw new FuzzFindingException(message);
        }
    }
}
