/** The TypeScript files that a stage is made of, found from the place where its activity is composed, and what of them counts. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';

/** Where every activity's body is put together. */
const COMPOSITION = 'workers/stage-activities.ts';
/** Code that makes outputs. Contracts do not: what they say of a stage is in its key. The rest moves bytes. */
const COUNTED = /^(activities|adapters\/image-codec|workflows\/core)\//;

const parsed = new Map();
function parse(file) {
  if (!parsed.has(file)) parsed.set(file, ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true));
  return parsed.get(file);
}

/** Every kind of stage that contracts/stages declares: `{kind, implementationVersion, activity, queue, trainer}`. */
export function stageKinds(root, files) {
  const kinds = [];
  for (const file of files) {
    const source = parse(join(root, file));
    const literals = new Map();
    walk(source, (node) => {
      const value = ts.isVariableDeclaration(node) ? unwrap(node.initializer) : undefined;
      if (value && ts.isObjectLiteralExpression(value)) literals.set(node.name.getText(), value);
    });
    for (const literal of literals.values()) {
      const { kind, implementationVersion, activity, queue, trainer } = constants(literal, literals);
      if (kind !== undefined && activity !== undefined)
        kinds.push({ kind, implementationVersion: Number(implementationVersion), activity, queue, trainer });
    }
  }
  return kinds.sort((a, b) => (a.kind < b.kind ? -1 : 1));
}

/** `x as const` and `x satisfies T` are x. */
function unwrap(node) {
  return node && (ts.isAsExpression(node) || ts.isSatisfiesExpression(node)) ? unwrap(node.expression) : node;
}

/** The strings and numbers of an object literal, those that it spreads included. */
function constants(literal, literals) {
  const found = {};
  for (const property of literal.properties) {
    if (ts.isSpreadAssignment(property))
      Object.assign(found, constants(literals.get(property.expression.getText()) ?? { properties: [] }, literals));
    else if (ts.isPropertyAssignment(property) && ts.isLiteralExpression(property.initializer))
      found[property.name.getText()] = property.initializer.text;
  }
  return found;
}

/** The files of an activity's body: everything that its composition names, and what that imports, types left out. */
export function filesOfActivity(root, activity) {
  const composition = parse(join(root, COMPOSITION));
  let body;
  walk(composition, (node) => {
    if ((ts.isPropertyAssignment(node) || ts.isShorthandPropertyAssignment(node)) && node.name.getText() === activity) body = node;
  });
  if (body === undefined) throw new Error(`${COMPOSITION} composes no activity ${activity}`);
  const files = new Set();
  for (const name of namesIn(body)) {
    const imported = importsOf(root, COMPOSITION).find((one) => one.names.includes(name));
    if (imported !== undefined) follow(root, imported.file, files);
  }
  return [...files].filter((file) => COUNTED.test(file)).sort((a, b) => (a < b ? -1 : 1));
}

/** Identifiers of an expression, and of the constants beside it that it uses. */
function namesIn(body, seen = new Set()) {
  walk(body, (node) => {
    if (!ts.isIdentifier(node) || seen.has(node.text)) return;
    seen.add(node.text);
    for (let scope = body.parent; scope !== undefined; scope = scope.parent)
      if (ts.isBlock(scope))
        for (const statement of scope.statements)
          if (ts.isVariableStatement(statement))
            for (const { name, initializer } of statement.declarationList.declarations)
              if (initializer && name.getText() === node.text) namesIn(initializer, seen);
  });
  return seen;
}

function follow(root, file, files) {
  if (files.has(file)) return;
  files.add(file);
  for (const imported of importsOf(root, file)) follow(root, imported.file, files);
}

/** A file's imports and re-exports of our own files; what is only a type is not there when it runs. */
function importsOf(root, file) {
  const found = [];
  const add = (specifier, names) => {
    if (!specifier.startsWith('.')) return;
    const target = join(dirname(join(root, file)), specifier).replace(/\.js$/, '.ts');
    if (existsSync(target)) found.push({ file: relative(root, target), names });
  };
  walk(parse(join(root, file)), (node) => {
    if (ts.isImportDeclaration(node) && !node.importClause?.isTypeOnly) {
      const named = node.importClause?.namedBindings;
      const elements = named && ts.isNamedImports(named) ? named.elements.filter((one) => !one.isTypeOnly) : [];
      if (named && ts.isNamedImports(named) && elements.length === 0) return;
      add(
        node.moduleSpecifier.text,
        elements.map((one) => one.name.text),
      );
    }
    if (ts.isExportDeclaration(node) && node.moduleSpecifier && !node.isTypeOnly) add(node.moduleSpecifier.text, []);
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword && ts.isStringLiteral(node.arguments[0]))
      add(node.arguments[0].text, []);
  });
  return found;
}

/** Strings that a file gives to a property of this name: `task: 'infer'`. */
export function stringsOfProperty(root, files, name) {
  const found = new Set();
  for (const file of files)
    walk(parse(join(root, file)), (node) => {
      if (ts.isPropertyAssignment(node) && ts.isStringLiteral(node.initializer) && node.name.getText().replaceAll(/['"]/g, '') === name)
        found.add(node.initializer.text);
    });
  return [...found];
}

/** A file without comments and layout: its syntax tree as text. */
export function meaningOfTypeScript(root, file) {
  const out = [];
  const visit = (node) => {
    out.push(ts.SyntaxKind[node.kind]);
    if (ts.isIdentifier(node) || ts.isPrivateIdentifier(node) || ts.isLiteralExpression(node) || ts.isTemplateLiteralToken(node))
      out.push(node.text);
    if (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) out.push(ts.SyntaxKind[node.operator]);
    if (ts.isVariableDeclarationList(node)) out.push(String(node.flags & ts.NodeFlags.BlockScoped));
    out.push('(');
    ts.forEachChild(node, visit);
    out.push(')');
  };
  visit(parse(join(root, file)));
  return out.join('\n');
}

function walk(node, visit) {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
}
