// Texts of the API's documentation in English.
export const apiDocsEnglish = {
  title: 'API documentation',
  lead: 'What programs may do in your name. “Execute” does it at once, with your session and in this organization.',
  objects: 'Objects to show with operations of their own',
  body: 'Body of the request',
  download: 'Download all as OpenAPI',
}
