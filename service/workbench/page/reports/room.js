// How a marketplace went: reports with charts, and what takers owe.
export const screens = {
  "/app/marketplaces/:m/reports": { load: () => import("./report.js").then((file) => file.Report) },
  "/app/marketplaces/:m/statement": { load: () => import("./statement.js").then((file) => file.Statement) },
};
