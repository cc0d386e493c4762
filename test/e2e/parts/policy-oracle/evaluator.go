//go:build !checker

package main

import (
	"k8s.io/apiserver/pkg/apis/audit"
	"k8s.io/apiserver/pkg/audit/policy"
	"k8s.io/apiserver/pkg/authorization/authorizer"
)

// newEvaluator is the evaluator since 1.23. It changes the rules that it is given.
func newEvaluator(of *audit.Policy) evaluator {
	evaluates := policy.NewPolicyRuleEvaluator(of.DeepCopy())
	return func(record authorizer.Attributes) (audit.Level, []audit.Stage, bool) {
		config := evaluates.EvaluatePolicyRule(record)
		return config.Level, config.OmitStages, config.OmitManagedFields
	}
}
