package main

import (
	"errors"
	"sort"

	"k8s.io/apimachinery/pkg/runtime"
	auditinternal "k8s.io/apiserver/pkg/apis/audit"
	"k8s.io/apiserver/pkg/audit"
	"k8s.io/apiserver/pkg/audit/policy"
	"k8s.io/apiserver/pkg/authorization/authorizer"
)

type decision struct {
	Policy   string       `json:"policy"`
	Requests []attributes `json:"requests"`
	// Lenient leaves out the validation, so that what an API server refuses can be evaluated, too.
	Lenient bool `json:"lenient"`
}

type decided struct {
	// Error is the reader's; there are no verdicts then.
	Error    string    `json:"error,omitempty"`
	Verdicts []verdict `json:"verdicts,omitempty"`
}

type verdict struct {
	Level auditinternal.Level `json:"level"`
	// Rule is the index of the first rule that matches, or -1.
	Rule              int      `json:"rule"`
	OmitStages        []string `json:"omitStages"`
	OmitManagedFields bool     `json:"omitManagedFields"`
}

func decide(asked decision) decided {
	loaded, err := load(asked)
	if err != nil {
		return decided{Error: err.Error()}
	}
	rules := ruleEvaluators(loaded)
	whole := newEvaluator(loaded)
	verdicts := make([]verdict, 0, len(asked.Requests))
	for _, request := range asked.Requests {
		record := request.record()
		level, stages, omitManagedFields := whole(record)
		verdicts = append(verdicts, verdict{level, ruleOf(rules, record), sorted(stages), omitManagedFields})
	}
	return decided{Verdicts: verdicts}
}

func load(asked decision) (*auditinternal.Policy, error) {
	if !asked.Lenient {
		return policy.LoadPolicyFromBytes([]byte(asked.Policy))
	}
	loaded := &auditinternal.Policy{}
	_, kind, err := audit.Codecs.UniversalDecoder().Decode([]byte(asked.Policy), nil, loaded)
	if err == nil && kind.Version == runtime.APIVersionInternal {
		return nil, errors.New("no apiVersion")
	}
	return loaded, err
}

// evaluator is the API server's own, of whatever version.
type evaluator func(authorizer.Attributes) (auditinternal.Level, []auditinternal.Stage, bool)

// ruleEvaluators has a policy of its own for each rule, which records what the rule matches: the evaluator does not
// say which rule decided.
func ruleEvaluators(of *auditinternal.Policy) []evaluator {
	var evaluators []evaluator
	for _, rule := range of.Rules {
		rule.Level = auditinternal.LevelMetadata
		evaluators = append(evaluators, newEvaluator(&auditinternal.Policy{Rules: []auditinternal.PolicyRule{rule}}))
	}
	return evaluators
}

func ruleOf(rules []evaluator, record authorizer.Attributes) int {
	for i, rule := range rules {
		if level, _, _ := rule(record); level != auditinternal.LevelNone {
			return i
		}
	}
	return -1
}

func sorted(stages []auditinternal.Stage) []string {
	texts := make([]string, 0, len(stages))
	for _, stage := range stages {
		texts = append(texts, string(stage))
	}
	sort.Strings(texts)
	return texts
}
