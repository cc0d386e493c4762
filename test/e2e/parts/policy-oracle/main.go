// Command policy-oracle answers, with the API server's own packages, what this repository's policy code answers:
//
//	policy-oracle decide      < {"policy": TEXT, "requests": [ATTRIBUTES], "lenient": BOOL} ...
//	policy-oracle attributes  < {"method": METHOD, "uri": URI} ...
//	policy-oracle replay FILE < EVENT ...
//
// The first two read JSON lines and write one line for each, in their order; the last counts the events that each
// rule of a policy decides about.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 1 && args[0] == "decide":
		return answer(os.Stdin, os.Stdout, decide)
	case len(args) == 1 && args[0] == "attributes":
		return answer(os.Stdin, os.Stdout, ask)
	case len(args) == 2 && args[0] == "replay":
		return replay(args[1], os.Stdin, os.Stdout)
	}
	return fmt.Errorf("usage: policy-oracle decide | attributes | replay FILE")
}

// answer writes a line for each line that it reads, and lets them go when no other line is waiting.
func answer[Question, Answer any](from io.Reader, to io.Writer, of func(Question) Answer) error {
	in, out := bufio.NewReaderSize(from, 1<<16), bufio.NewWriterSize(to, 1<<16)
	answers := json.NewEncoder(out)
	for {
		line, err := in.ReadBytes('\n')
		if err == io.EOF && len(line) == 0 {
			return out.Flush()
		} else if err != nil {
			return err
		}
		var question Question
		if err := json.Unmarshal(line, &question); err != nil {
			return err
		}
		if err := answers.Encode(of(question)); err != nil {
			return err
		}
		if in.Buffered() == 0 {
			if err := out.Flush(); err != nil {
				return err
			}
		}
	}
}
