/** @type {Record<string, string>} */
export default {
  "Look without signing in": "不登录，仅查看",
  Name: "用户名",
  "Open the page to sign in": "打开页面以登录",
  Password: "密码",
  "sign in first, or send a name and a password (HTTP Basic)": "请先登录",
  "The file of users has an error; the users before it go on": "用户文件有错误；继续使用之前的用户",
  "Signing in …": "正在登录…",
  "the name or the password is wrong": "用户名或密码错误",
  "the server is busy with other viewers; try again in some seconds": "服务器正忙，请稍后重试",
  "this server has no users to sign in as": "此服务器没有可登录的用户",
  "too many wrong passwords came from your address; try again in a minute": "来自您地址的错误密码过多，请一分钟后重试",
  "Who may see this must sign in.": "查看此内容需要登录。",
};
