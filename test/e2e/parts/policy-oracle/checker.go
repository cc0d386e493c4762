//go:build checker

package main

import (
	"k8s.io/apiserver/pkg/apis/audit"
	"k8s.io/apiserver/pkg/audit/policy"
	"k8s.io/apiserver/pkg/authorization/authorizer"
)

// newEvaluator is the evaluator up to 1.22, which changes the rules that it is given; 1.18 knows no managed fields.
func newEvaluator(of *audit.Policy) evaluator {
	checks := policy.NewChecker(of.DeepCopy())
	return func(record authorizer.Attributes) (audit.Level, []audit.Stage, bool) {
		level, stages := checks.LevelAndStages(record)
		return level, stages, false
	}
}
