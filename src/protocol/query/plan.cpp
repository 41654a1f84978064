#include "protocol/query/plan.hpp"

#include "protocol/query/functions.hpp"

#include <algorithm>

namespace muster::query {
namespace {

bool is_field(const Expression& expression, std::string_view first, std::string_view second = {}) {
  const auto is = [&](std::size_t i, std::string_view name) {
    return !expression.path[i].index && expression.path[i].name == name;
  };
  if (expression.kind != Kind::path || expression.path.size() != (second.empty() ? 1U : 2U)) return false;
  return is(0, first) && (second.empty() || is(1, second));
}

const std::string* string_in(const Expression& expression) {
  const bool is_string =
      expression.kind == Kind::literal && expression.literal && expression.literal->is_string();
  return is_string ? &expression.literal->get_ref<const std::string&>() : nullptr;
}

/// Both lists at once; conditions are few and lists are limited by kTermsMax.
void restrict_ids(Plan& plan, std::vector<std::string> ids) {
  std::ranges::sort(ids);
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  if (plan.device_ids) {
    std::vector<std::string> both;
    std::ranges::set_intersection(*plan.device_ids, ids, std::back_inserter(both));
    ids = std::move(both);
  }
  plan.device_ids = std::move(ids);
}

std::optional<TagEquals> tag_equals(const Expression& path, const Expression& literal) {
  const bool is_tag = path.kind == Kind::path && path.path.size() > 1 && path.path[0].name == "tags";
  if (!is_tag || literal.kind != Kind::literal || !literal.literal) return std::nullopt;
  if (literal.literal->is_null()) return std::nullopt;
  TagEquals tag{{}, *literal.literal};
  for (std::size_t i = 1; i < path.path.size(); ++i) {
    if (path.path[i].index) return std::nullopt;
    tag.path.push_back(path.path[i].name);
  }
  return tag;
}

void take_equality(Plan& plan, const Expression& path, const Expression& literal) {
  if (path.kind != Kind::path) return;
  if (auto tag = tag_equals(path, literal); tag && !plan.tag) plan.tag = std::move(tag);
  const std::string* text = string_in(literal);
  if (text == nullptr) return;
  if (is_field(path, "deviceId")) restrict_ids(plan, {*text});
  if (is_field(path, "status") && (*text == "enabled" || *text == "disabled"))
    plan.enabled = *text == "enabled";
  if (is_field(path, "authenticationType") || is_field(path, "authentication", "type"))
    plan.authentication_type = *text;
}

void take_list(Plan& plan, const Expression& in) {
  const auto& elements = in.operands[1].operands;
  if (elements.size() == 1) return take_equality(plan, in.operands[0], elements[0]);
  if (!is_field(in.operands[0], "deviceId")) return;
  std::vector<std::string> ids;
  for (const Expression& element : elements) {
    if (const auto* id = string_in(element)) ids.push_back(*id);
  }
  restrict_ids(plan, std::move(ids));
}

bool is_prefix_test(const Expression& call) {
  const bool starts =
      call.function == find_function("startswith") || call.function == find_function("starts_with");
  return starts && is_field(call.operands[0], "deviceId");
}

void take(Plan& plan, const Expression& condition) {
  const auto& operands = condition.operands;
  if (condition.kind == Kind::all_of) {
    for (const Expression& operand : operands) take(plan, operand);
  } else if (condition.kind == Kind::comparison && condition.op == Operator::equal) {
    take_equality(plan, operands[0], operands[1]);
    take_equality(plan, operands[1], operands[0]);
  } else if (condition.kind == Kind::in) {
    take_list(plan, condition);
  } else if (condition.kind == Kind::call && is_prefix_test(condition)) {
    const auto* prefix = string_in(operands[1]);
    if (prefix != nullptr && prefix->size() > plan.id_prefix.size()) plan.id_prefix = *prefix;
  }
}

void note_path(Plan& plan, const Path& path) {
  if (path.empty()) return;
  if (path[0].name == "tags") plan.reads_tags = true;
  if (path[0].name != "properties") return;
  const bool whole = path.size() == 1;
  plan.reads_desired = plan.reads_desired || whole || path[1].name == "desired";
  plan.reads_reported = plan.reads_reported || whole || path[1].name == "reported";
}

void note_paths(Plan& plan, const Expression& expression) {
  note_path(plan, expression.path);
  for (const Expression& operand : expression.operands) note_paths(plan, operand);
}

}  // namespace

Plan plan_of(const Query& query) {
  Plan plan;
  if (query.where) take(plan, *query.where);
  if (query.where) note_paths(plan, *query.where);
  for (const Column& column : query.columns) note_path(plan, column.path);
  for (const Path& path : query.group_by) note_path(plan, path);
  if (query.everything) plan.reads_tags = plan.reads_desired = plan.reads_reported = true;
  return plan;
}

}  // namespace muster::query
